/**
 * Beginning and end of a session: what ends with it, and which failure ended it. Opening continues in the background
 * when a session ends meanwhile; whatever it opens afterwards is closed at once.
 */
export class SessionLife {
  readonly #failed = Promise.withResolvers<never>();
  readonly #cleanups: (() => unknown)[] = [];
  readonly #ending = new AbortController();
  #isStopping = false;
  #hasEnded = false;

  constructor() {
    this.#failed.promise.catch(() => undefined);
  }

  /** Rejects with the first failure. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Stops taking batches. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Aborted when the session ends. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  fail(error: unknown): void {
    this.#failed.reject(error);
  }

  stop(): void {
    this.#isStopping = true;
  }

  /** Runs when the session ends, in reverse order; at once when it has ended already. */
  atEnd(cleanup: () => unknown): void {
    if (this.#hasEnded) void cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** Closes the opened resource at the end, even if it is still opening then. */
  closing<T>(opening: Promise<T>, close: (opened: T) => unknown): Promise<T> {
    this.atEnd(() => opening.then(close, () => undefined));
    return opening;
  }

  /** @throws Error after the end: nothing more may be opened */
  mustContinue(): void {
    if (this.#hasEnded) throw new Error('the session has ended');
  }

  async end(): Promise<void> {
    this.#isStopping = true;
    this.#hasEnded = true;
    this.#ending.abort();
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }
}
