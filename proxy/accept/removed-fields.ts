/**
 * Client fields that are never passed on: only a proxy may set them, and services trust them (CVE-2026-3635). Names are
 * compared as CGI-style servers read them, where `X_Forwarded_For` and `X-Forwarded-For` are one variable: otherwise a
 * forged field would get in by the other spelling.
 */
const UNDERSCORE = '_'.charCodeAt(0);
const X = 'x'.charCodeAt(0);
const LOWER = 32;

export class RemovedFields {
  readonly #names: ReadonlySet<string>;
  readonly #keepsForwarded: boolean;
  /** A bit for each length that a name has. */
  readonly #lengths: number;

  /**
   * @param names in lower case
   * @param keepsForwarded for a trusted proxy: whatever begins with X-Forwarded- is passed on unless it is set again
   */
  constructor(names: Iterable<string>, keepsForwarded: boolean) {
    this.#names = new Set(names);
    this.#keepsForwarded = keepsForwarded;
    this.#lengths = [...this.#names].reduce((bits, { length }) => bits | (1 << (length & 31)), 0);
  }

  /** @param name as it came, in whatever case */
  has(name: string): boolean {
    // Called for each field of each request; nearly none is removed.
    const meant = (this.#lengths & (1 << (name.length & 31))) !== 0 || isOurs(name);
    return meant && this.#hasLower(name.toLowerCase());
  }

  #hasLower(name: string): boolean {
    if (this.#names.has(name)) return true;
    const respelled = name.includes('_');
    const spelled = respelled ? name.replaceAll('_', '-') : name;
    if (spelled.startsWith('x-ficus-')) return true;
    if (spelled.startsWith('x-forwarded-')) return respelled || !this.#keepsForwarded;
    return respelled && this.#names.has(spelled);
  }
}

/**
 * Begins with X, or has an underscore: may be one of the fields that a proxy sets, or an alternative spelling of one.
 */
function isOurs(name: string): boolean {
  if ((name.charCodeAt(0) | LOWER) === X) return true;
  for (let at = 0; at < name.length; at += 1) if (name.charCodeAt(at) === UNDERSCORE) return true;
  return false;
}
