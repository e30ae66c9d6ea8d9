/**
 * The query of a target, read for single parameters (WHATWG URL, application/x-www-form-urlencoded). The same answers as
 * URLSearchParams, which decodes all parameters for the sake of one, and needs long for malformed escapes.
 */

const PERCENT = 37;

export class Query {
  readonly #text: string;

  /** @param text without `?` */
  constructor(text: string) {
    this.#text = text;
  }

  /** The first value of the name, decoded; `null` when there is none. */
  get(name: string): string | null {
    const text = this.#text;
    let equals = -2;
    for (let at = 0; at <= text.length; ) {
      const next = text.indexOf('&', at);
      const end = next === -1 ? text.length : next;
      // Looked for again only once it was passed: a query without any would be read to its end for each pair.
      if (equals !== -1 && equals < at) equals = text.indexOf('=', at);
      const nameEnd = equals === -1 || equals > end ? end : equals;
      if (end > at && means(text.slice(at, nameEnd), name))
        return nameEnd === end ? '' : decode(text.slice(nameEnd + 1, end));
      at = end + 1;
    }
    return null;
  }
}

function means(written: string, name: string): boolean {
  // A character takes at most twelve when it is escaped.
  if (written.length > name.length * 12) return false;
  return (written.includes('%') || written.includes('+') ? decode(written) : written) === name;
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  const bytes = Buffer.from(spaced, 'utf8');
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const value = bytes[at] === PERCENT ? hexAt(bytes, at + 1) : -1;
    bytes[length++] = value === -1 ? bytes[at]! : value;
    if (value !== -1) at += 2;
  }
  return bytes.toString('utf8', 0, length);
}

function hexAt(bytes: Buffer, at: number): number {
  const [high, low] = [hexDigit(bytes[at]), hexDigit(bytes[at + 1])];
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
