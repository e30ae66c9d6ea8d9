/** Request targets (RFC 9112 section 3.2), split without being normalized: paths are passed on byte for byte. */

interface SplitTarget {
  /** From an absolute-form target; it replaces the Host field (section 3.2.2). */
  readonly authority: string | undefined;
  /** Path and query as they came; `*` stays `*`. */
  readonly path: string;
}

/** The query without its question mark; empty where there is none. */
export function queryOf(target: string): string {
  const queryAt = target.indexOf('?');
  return queryAt === -1 ? '' : target.slice(queryAt + 1);
}

/**
 * Turns an absolute-form target into origin-form; keeps every other form. OPTIONS of an authority without a path asks
 * about the server as a whole (section 3.2.4).
 */
export function splitTarget(target: string, method: string): SplitTarget {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(target);
  if (scheme === null) return { authority: undefined, path: target };
  const from = scheme[0].length;
  const rest = target.slice(from);
  const slash = rest.search(/[/?#]/);
  const authority = (slash === -1 ? rest : rest.slice(0, slash)).replace(/^.*@/, '');
  if (slash === -1 && method === 'OPTIONS') return { authority, path: '*' };
  const path = slash === -1 ? '/' : rest.slice(slash);
  return { authority, path: path.startsWith('/') ? path : `/${path}` };
}
