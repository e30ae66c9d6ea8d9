/**
 * Work that must not overlap: each piece begins when the previous one has ended, successful or not. Used where two
 * changes of one thing (a config, a stream, a database connection) could otherwise leave the older one in place.
 */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins `work` when all earlier work has ended; only this caller sees its failure. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** Resolves when all work added so far has ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
