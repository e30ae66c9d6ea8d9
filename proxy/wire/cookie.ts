/**
 * The one reader of Cookie fields (RFC 6265 section 4.2.1), used by conditions, identities and buckets. It searches the
 * raw field: parsing it for one value would cost an object per request.
 */

/** The value of a cookie as it was sent; undefined when there is none of this name. */
export function cookieValue(header: string, name: string): string | undefined {
  const length = name.length;
  let at = header.indexOf(name);
  while (at !== -1) {
    // A name counts only at the start of a pair and followed by `=`.
    if (header.charCodeAt(at + length) === 61 && startsPair(header, at)) {
      const end = header.indexOf(';', at);
      return unquote(header.slice(at + length + 1, end === -1 ? undefined : end).trim());
    }
    at = header.indexOf(name, at + 1);
  }
  return undefined;
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
