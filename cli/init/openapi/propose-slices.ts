/**
 * Proposals for slices from an OpenAPI document: operations of one tag, or else under the same first meaningful path
 * segment, usually belong to one business capability. A person decides. What the config would refuse is left out, and
 * named.
 */
import { type ConfigProblem, isSafe, printable } from '@ficus/core';
import { parseConfigText } from '@ficus/proxy';
import { FreshNames, routeId, sliceName } from './names.ts';
import { type LeftOut, type Operation, readOperations } from './operations.ts';
import { routePattern } from './route-pattern.ts';
import { withoutPrefix } from './without-prefix.ts';

export interface SliceProposal {
  readonly name: string;
  readonly routes: readonly ProposedRoute[];
}

export interface ProposedRoute {
  readonly id: string;
  readonly methods: readonly string[];
  /** find-my-way pattern. */
  readonly path: string;
  readonly kind?: 'write';
}

export interface Proposals {
  /** By name. */
  readonly slices: readonly SliceProposal[];
  readonly leftOut: readonly LeftOut[];
}

export interface ProposalContext {
  /** URL of the document; undefined for a file. */
  readonly source?: string | undefined;
  /** URL of the monolith: its path is put before the paths of requests, and is no part of routes. */
  readonly legacyUrl: string;
  readonly paths?: { readonly ignoreCase: boolean; readonly ignoreTrailingSlash: boolean } | undefined;
  /** All operations in one slice: the document is that of a service. */
  readonly asOne?: boolean;
}

type Draft = Map<string, ProposedRoute[]>;

/** Takes any document; one that is not OpenAPI yields no proposals. */
export function proposeSlices(document: unknown, context: ProposalContext): Proposals {
  const { operations, leftOut } = readOperations(document, context.source);
  const draft: Draft = new Map();
  const ids = new Map<string, FreshNames>();
  for (const operation of operations) {
    const why = addOperation(draft, ids, operation, context);
    if (why !== undefined) leftOut.push({ what: nameOf(operation), why });
  }
  leftOut.push(...leaveOutRefused(draft, context));
  const slices = [...draft].map(([name, routes]) => ({ name, routes }));
  return { slices: slices.sort((a, b) => (a.name < b.name ? -1 : 1)), leftOut };
}

const nameOf = ({ method, path }: Pick<Operation, 'method' | 'path'>): string => `${method} ${path}`;

/** Checks and figures of a server, and its own description. */
const OF_THE_PROCESS =
  /^\/(?:actuator(?:\/.*)?|health|healthz|livez?|readyz?|metrics|openapi\.(?:json|ya?ml))$/;

/** @returns why it is left out */
function addOperation(
  draft: Draft,
  ids: Map<string, FreshNames>,
  operation: Operation,
  { legacyUrl, asOne }: ProposalContext,
): string | undefined {
  const path = withoutPrefix(operation, new URL(legacyUrl).pathname.replace(/\/$/, ''));
  if (path === undefined) return 'its server is not below the path of legacy.url';
  if (OF_THE_PROCESS.test(path)) return 'it is about the process, which each side has for itself';
  if (printable(path) !== path || path.includes('${'))
    return 'its path has characters that cannot be written';
  const pattern = routePattern(path);
  if ('why' in pattern) return pattern.why;
  const slice = asOne ? 'service' : sliceName(operation.tag, path);
  if (slice === undefined) return 'neither its tag nor its path names what it belongs to';
  const taken = ids.get(slice) ?? new FreshNames();
  ids.set(slice, taken);
  const id = taken.take(routeId(operation.operationId, operation.method, path));
  const route: ProposedRoute = { id, methods: [operation.method], path: pattern.path };
  const routes = draft.get(slice) ?? [];
  draft.set(slice, routes);
  routes.push(isSafe(operation.method) ? route : { ...route, kind: 'write' });
  return undefined;
}

/** Takes the routes out that a config with all of them is refused for: bad patterns, two that match the same. */
function leaveOutRefused(draft: Draft, context: ProposalContext): LeftOut[] {
  const leftOut: LeftOut[] = [];
  for (
    let problems = problemsOf(draft, context);
    problems.length > 0;
    problems = problemsOf(draft, context)
  ) {
    const refused = new Map<ProposedRoute, string>();
    for (const { path, message } of problems) {
      const route = routeAt(draft, path);
      // With no route to take out, the next round would find the same.
      if (route === undefined) throw new Error(`a proposal is refused: ${path.join('.')} ${message}`);
      refused.set(route, message);
    }
    for (const [route, why] of refused)
      leftOut.push({ what: nameOf({ method: route.methods[0] ?? '', path: route.path }), why });
    for (const [name, routes] of draft) {
      const kept = routes.filter((route) => !refused.has(route));
      if (kept.length > 0) draft.set(name, kept);
      else draft.delete(name);
    }
  }
  return leftOut;
}

function problemsOf(draft: Draft, { legacyUrl, paths }: ProposalContext): readonly ConfigProblem[] {
  const slices = [...draft].map(([name, routes]) => [name, { candidate: { url: legacyUrl }, routes }]);
  const config = {
    version: 1,
    flags: { provider: 'file', file: 'flags.json' },
    legacy: { url: legacyUrl, ...(paths && { paths: comparison(paths) }) },
    slices: Object.fromEntries(slices),
  };
  const parsed = parseConfigText(JSON.stringify(config), {});
  return parsed.ok ? [] : parsed.problems;
}

const comparison = ({ ignoreCase, ignoreTrailingSlash }: NonNullable<ProposalContext['paths']>) => ({
  ignoreCase,
  ignoreTrailingSlash,
});

/** The route at `slices.NAME.routes[INDEX]…` */
function routeAt(draft: Draft, [, slice, , index]: ConfigProblem['path']): ProposedRoute | undefined {
  return draft.get(String(slice))?.[Number(index)];
}
