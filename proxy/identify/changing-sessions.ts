/**
 * Sessions that a write in progress may change: it may log in, log out, or log in as somebody else under the same id.
 * From before such a write leaves until its answer is complete, nothing is kept about its session, in any worker. Named
 * by digests: sessions are secrets.
 */
export class ChangingSessions {
  readonly #writes = new Map<string, number>();
  readonly #forget: (session: string) => void;

  /** @param forget drops what is known of a session, and what is being asked about it */
  constructor(forget: (session: string) => void) {
    this.#forget = forget;
  }

  has(session: string): boolean {
    return this.#writes.has(session);
  }

  begin(session: string, count = 1): void {
    this.#writes.set(session, (this.#writes.get(session) ?? 0) + count);
    this.#forget(session);
  }

  end(session: string, count = 1): void {
    const left = (this.#writes.get(session) ?? 0) - count;
    if (left > 0) this.#writes.set(session, left);
    else this.#writes.delete(session);
  }
}
