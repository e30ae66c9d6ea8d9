/**
 * Fields of a client's that never go on: they are for a proxy to set, and a service that finds them believes them
 * (CVE-2026-3635). Names count as servers of the CGI tradition read them, who make one variable of `X_Forwarded_For`
 * and `X-Forwarded-For`: else the forged one would come in by the other spelling.
 */
export class RemovedFields extends Set<string> {
  readonly #keepsForwarded: boolean;

  /**
   * @param names in lower case
   * @param keepsForwarded for a trusted proxy: whatever begins with X-Forwarded- goes on unless it is set anew
   */
  constructor(names: Iterable<string>, keepsForwarded: boolean) {
    super(names);
    this.#keepsForwarded = keepsForwarded;
  }

  /** @param name in lower case */
  override has(name: string): boolean {
    if (super.has(name)) return true;
    const respelled = name.includes('_');
    const spelled = respelled ? name.replaceAll('_', '-') : name;
    if (spelled.startsWith('x-ficus-')) return true;
    if (spelled.startsWith('x-forwarded-')) return respelled || !this.#keepsForwarded;
    return respelled && super.has(spelled);
  }
}
