/**
 * Proposals for slices from an OpenAPI document: operations under the same first meaningful path segment usually
 * belong to one business capability. A person decides.
 */
import { isSafe } from '@ficus/core';

export interface SliceProposal {
  readonly name: string;
  readonly routes: readonly ProposedRoute[];
}

interface ProposedRoute {
  readonly id: string;
  readonly methods: readonly string[];
  /** find-my-way pattern. */
  readonly path: string;
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];
/** Segments that say where an API is, not what it is about. */
const TELLS_NOTHING = /^(api|rest|internal|v\d+)$/;

/** Takes any document; one that is not OpenAPI yields no proposals. */
export function proposeSlices(document: unknown): SliceProposal[] {
  const paths = (document as { paths?: Record<string, Record<string, unknown>> } | null)?.paths ?? {};
  const slices = new Map<string, ProposedRoute[]>();
  for (const [path, operations] of Object.entries(paths)) {
    const name = sliceNameOf(path);
    const methods = METHODS.filter((method) => operations?.[method] !== undefined).map((method) =>
      method.toUpperCase(),
    );
    if (!name || methods.length === 0) continue;
    const routes = slices.get(name) ?? [];
    routes.push(...splitByKind(path, methods, routes.length));
    slices.set(name, routes);
  }
  return [...slices].map(([name, routes]) => ({ name, routes })).sort((a, b) => a.name.localeCompare(b.name));
}

/** Reads and writes of one path are two routes: they move at different times. */
function splitByKind(path: string, methods: readonly string[], offset: number): ProposedRoute[] {
  const pattern = path.replaceAll(/\{([^}]+)\}/g, ':$1');
  const groups = [methods.filter(isSafe), methods.filter((method) => !isSafe(method))].filter(
    (group) => group.length > 0,
  );
  return groups.map((group, index) => ({
    id: `r${offset + index + 1}-${(group[0] ?? '').toLowerCase()}`,
    methods: group,
    path: pattern,
  }));
}

function sliceNameOf(path: string): string | undefined {
  const segment = path.split('/').find((part) => part && !part.startsWith('{') && !TELLS_NOTHING.test(part));
  return (
    segment
      ?.toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replace(/^[^a-z]+/, '') || undefined
  );
}
