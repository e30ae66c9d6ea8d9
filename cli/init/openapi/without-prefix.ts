import type { Operation } from './operations.ts';

/**
 * The path of an operation as clients of the proxy write it: the path of legacy.url is put before that. A document without
 * servers means the monolith's URL, whatever path that has.
 * @returns undefined for an operation outside of it
 */
export function withoutPrefix({ path, base }: Operation, prefix: string): string | undefined {
  if (prefix === '' || base === undefined) return path;
  if (path === prefix) return '/';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}
