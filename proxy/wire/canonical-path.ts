/**
 * One canonical path, seen by the router and by everything that guards a path, so that no spelling of a path reaches an
 * upstream under another route than the one it was decided for. What goes to the upstream stays as it came.
 *
 * The rules (RFC 3986 section 6.2.2, and stricter where servers disagree):
 * - escapes of unreserved characters are decoded, all others stay escaped, in upper case: `%2F` is no separator;
 * - dot segments are resolved after decoding, so `%2E%2E` climbs like `..`; nothing climbs above the root;
 * - several slashes count as one; `;parameters` of a segment are left out;
 * - refused: broken escapes, `%00`, control characters, `#`, `\`, and a segment that would become a dot segment
 *   once `%2F` or `%5C` in it were decoded as well: servers disagree about what these mean.
 */

/** Why a path has no canonical form. */
interface RefusedPath {
  readonly refused: string;
}

const NEEDS_WORK = /[^!$&'()*+,\-./0-9:=@A-Z_a-z~?[\]^`{|}"<>]|\/\/|\/\./;
const FORBIDDEN = /[\\#]|[^\x21-\x7e]/;
const ESCAPE = /%([0-9A-Fa-f]{2})?/g;
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
const HIDDEN_SEPARATOR = /%(2F|5C)/;

/**
 * @param target request target in origin form, with or without a query
 * @returns the path without query, or why it is refused
 */
export function canonicalPath(target: string): string | RefusedPath {
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  return NEEDS_WORK.test(path) ? normalise(path) : path;
}

const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:;[^/]*)?(?:\/|$)/i;

/** Whether a raw path contains a dot segment: behind a prefix, it could leave that prefix. */
export function hasDotSegment(path: string): boolean {
  return DOT_SEGMENT.test(path);
}

function normalise(path: string): string | RefusedPath {
  if (FORBIDDEN.test(path)) return { refused: 'character not allowed in a path' };
  let broken = false;
  const decoded = path.replace(ESCAPE, (triplet, hex: string | undefined) => {
    if (hex === undefined || hex === '00') {
      broken = true;
      return triplet;
    }
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : triplet.toUpperCase();
  });
  if (broken) return { refused: 'broken escape in the path' };
  return resolveSegments(decoded);
}

function resolveSegments(path: string): string | RefusedPath {
  const kept: string[] = [];
  const segments = path.split('/');
  let endsInSlash = false;
  for (let index = 1; index < segments.length; index += 1) {
    const raw = segments[index]!;
    const parametersAt = raw.indexOf(';');
    const segment = parametersAt === -1 ? raw : raw.slice(0, parametersAt);
    endsInSlash = segment === '' || segment === '.' || segment === '..';
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else if (hidesDotSegment(segment)) return { refused: 'dot segment behind an escaped separator' };
    else kept.push(segment);
  }
  const joined = `/${kept.join('/')}`;
  return endsInSlash && kept.length > 0 ? `${joined}/` : joined;
}

function hidesDotSegment(segment: string): boolean {
  if (!HIDDEN_SEPARATOR.test(segment)) return false;
  return segment.split(/%2F|%5C/).some((part) => part === '.' || part === '..');
}
