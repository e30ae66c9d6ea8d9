/**
 * One canonical path, seen by the router and by everything that guards a path, so that no spelling of a path reaches an
 * upstream under another route than the one it was decided for. What goes to the upstream stays as it came.
 *
 * The rules (RFC 3986 section 6.2.2, and stricter where servers disagree):
 * - escapes of unreserved characters are decoded, all others stay escaped, in upper case: `%2F` is no separator;
 *   bytes beyond ASCII count as their escapes;
 * - dot segments are resolved after decoding, so `%2E%2E` climbs like `..`; nothing climbs above the root;
 * - several slashes count as one; `;parameters` of a segment are left out;
 * - servers disagree about broken escapes, `%00`, `#`, `\`, a segment that would become a dot segment once `%2F` or `%5C`
 *   in it were decoded as well, and one that is empty or a dot segment only without its parameters (`..;`): such a path is
 *   ambiguous (ambiguous-path.ts). Servlet containers write `/;jsessionid=…` into links to a folder: that alone is none.
 */
import { AmbiguousPath } from './ambiguous-path.ts';
import { resolveSegments } from './path-segments.ts';

const NEEDS_WORK = /[^!$&'()*+,\-./0-9:=@A-Z_a-z~?[\]^`{|}"<>]|\/\/|\/\./;
const ODD = /[\\#]|%(?:00|(?![0-9A-Fa-f]{2}))/;
const ODD_PARAMETERS = /\/(?:;(?!jsessionid=[^/]*$)|(?:\.|%2[eE]){1,2}(?:;|%3[bB]))/;
const HIDDEN_DOT_SEGMENT = /(?:^|\/|%2F|%5C)\.{1,2}(?:%2F|%5C)|(?:%2F|%5C)\.{1,2}(?:\/|$)/;

/**
 * @param target request target in origin form, with or without a query
 * @returns the path without query
 */
export function canonicalPath(target: string): string | AmbiguousPath {
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  return NEEDS_WORK.test(path) ? normalise(path) : path;
}

const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:;[^/]*)?(?:\/|$)/i;

/** Whether a raw path contains a dot segment: behind a prefix, it could leave that prefix. */
export function hasDotSegment(path: string): boolean {
  return DOT_SEGMENT.test(path);
}

function normalise(path: string): string | AmbiguousPath {
  const resolved = resolveSegments(path);
  const isOdd = ODD.test(path) || ODD_PARAMETERS.test(path) || HIDDEN_DOT_SEGMENT.test(resolved);
  return isOdd ? new AmbiguousPath(path, resolved) : resolved;
}
