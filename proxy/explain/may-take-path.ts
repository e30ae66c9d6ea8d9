/**
 * Whether a pattern could take a path, by a look at their segments: compiling a pattern costs a thousand times as much,
 * and explanations look at all routes. Only text that is written alike in patterns and paths decides; of all else it says
 * yes.
 */
const PLAIN = /^[A-Za-z0-9._~-]+$/;
const PARAMETER = /^:[A-Za-z0-9_]+$/;

/** @param path canonical path */
export function mayTakePath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const found = path.split('/');
  for (const [at, segment] of wanted.entries()) {
    if (PARAMETER.test(segment)) continue;
    if (segment !== '' && !PLAIN.test(segment)) return true;
    const other = found[at] ?? '';
    if (PLAIN.test(segment) && PLAIN.test(other) && segment.toLowerCase() !== other.toLowerCase())
      return false;
  }
  return true;
}
