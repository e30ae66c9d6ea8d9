/**
 * Asks the legacy one read route of the config in other spellings of its path: `ficus check --live` learns that it ignores case
 * or a slash at the end where the config does not say so. Without credentials; where the answers do not tell, nothing is
 * claimed.
 */
import { randomBytes } from 'node:crypto';
import type { FicusConfig, PathComparison, RouteConfig } from '@ficus/core';
import { Upstream } from '../upstream/upstream.ts';
import { askWhoCalls } from './ask-introspection.ts';

export interface PathProblem {
  /** Key of `legacy.paths` that is not set. */
  readonly key: keyof PathComparison;
  readonly message: string;
}

interface Spelling {
  readonly key: keyof PathComparison;
  readonly path: string;
}

/** Empty when all is as the config says, or cannot be told. @throws FicusError FICUS_PEM_UNREADABLE */
export async function probePaths({ legacy, slices }: FicusConfig): Promise<PathProblem[]> {
  const routes = Object.values(slices).flatMap((slice) => slice.routes);
  const path = routes.find(isPlainRead)?.path;
  if (path === undefined) return [];
  const spellings = otherSpellings(path).filter(({ key }) => !legacy.paths[key]);
  if (spellings.length === 0) return [];
  const upstream = new Upstream('legacy', legacy);
  const statusOf = async (asked: string) => (await askWhoCalls(upstream, asked, []))?.status;
  try {
    const status = await statusOf(path);
    // Where a path that does not exist has the same answer, the answers tell nothing.
    if (!isTelling(status) || (await statusOf(`${path}-${randomBytes(6).toString('hex')}`)) === status)
      return [];
    const answers = await Promise.all(spellings.map(({ path }) => statusOf(path)));
    return spellings.flatMap(({ key, path: spelt }, index) =>
      answers[index] === status ? [problemOf(key, spelt, path, status)] : [],
    );
  } finally {
    upstream.close();
  }
}

function problemOf(key: keyof PathComparison, spelt: string, path: string, status: number): PathProblem {
  const message = `The legacy answers GET ${spelt} with ${status}, as it does ${path}: such spellings match no route and go to it. If they are the same there, set legacy.paths.${key}: true.`;
  return { key, message };
}

/** Found, or there and closed to guests. */
function isTelling(status: number | undefined): status is number {
  return status !== undefined && ((status >= 200 && status < 300) || status === 401 || status === 403);
}

function otherSpellings(path: string): Spelling[] {
  const upper = path.toUpperCase();
  return [
    { key: 'ignoreCase' as const, path: upper === path ? path.toLowerCase() : upper },
    { key: 'ignoreTrailingSlash' as const, path: path.endsWith('/') ? path.slice(0, -1) : `${path}/` },
  ].filter((spelling) => spelling.path !== path);
}

/** It can be asked as it is written: no parameters, no conditions. Escapes are not letters. */
function isPlainRead({
  kind,
  methods,
  path,
  host,
  headers,
  query,
  cookies,
  clientAddress,
}: RouteConfig): boolean {
  const hasConditions = [host, headers, query, cookies, clientAddress].some((given) => given !== undefined);
  const isPlain = /^\/[\w./-]*[\w-]\/?$/.test(path);
  return kind === 'read' && methods.includes('GET') && isPlain && !hasConditions;
}
