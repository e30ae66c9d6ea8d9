/**
 * The one reader of Cookie fields (RFC 6265 section 4.2.1), used by conditions, identities and buckets. It searches the
 * raw field: parsing it for one value would cost an object per request.
 */

/** The value of a cookie as it was sent, of several the first; undefined when there is none of this name. */
export function cookieValue(header: string, name: string): string | undefined {
  const at = pairAt(header, name, 0);
  return at === -1 ? undefined : valueAt(header, at + name.length + 1);
}

/**
 * The values of all cookies of this name, in their order: those for other paths and for a parent domain are sent as well
 * (RFC 6265 section 5.4), and servers differ in which they take.
 */
export function cookieValues(header: string, name: string): string[] {
  const values: string[] = [];
  let at = pairAt(header, name, 0);
  while (at !== -1) {
    values.push(valueAt(header, at + name.length + 1));
    at = pairAt(header, name, at + name.length);
  }
  return values;
}

/** Where the next pair of this name begins, or -1. */
function pairAt(header: string, name: string, from: number): number {
  let at = header.indexOf(name, from);
  // A name counts only at the start of a pair and followed by `=`.
  while (at !== -1 && !(header.charCodeAt(at + name.length) === 61 && startsPair(header, at)))
    at = header.indexOf(name, at + 1);
  return at;
}

function valueAt(header: string, start: number): string {
  const end = header.indexOf(';', start);
  return unquote(header.slice(start, end === -1 ? undefined : end).trim());
}

/** A Cookie field without the cookies of these names; the others stay as they were sent. */
export function withoutCookies(header: string, names: readonly string[]): string {
  // Most requests of a site's guests carry none of them.
  if (!names.some((name) => header.includes(name))) return header;
  const pairs = header.split(';');
  const kept = pairs.filter((pair) => !names.includes(nameOf(pair)));
  return kept.length === pairs.length ? header : kept.join(';').trim();
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return (equals === -1 ? pair : pair.slice(0, equals)).trim();
}

function startsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header.charCodeAt(before) === 32 || header.charCodeAt(before) === 9)) before -= 1;
  return before < 0 || header.charCodeAt(before) === 59;
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
