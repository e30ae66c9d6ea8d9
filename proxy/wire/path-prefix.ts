/** Prefixes of paths, whole segments only: `/api` is one of `/api/notes`, not of `/apish`. */

export function hasPrefix(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** @param path with query and fragment */
export function cutPrefix(path: string, prefix: string): string {
  const end = path.search(/[?#]/);
  if (prefix === '' || !hasPrefix(end === -1 ? path : path.slice(0, end), prefix)) return path;
  const rest = path.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
