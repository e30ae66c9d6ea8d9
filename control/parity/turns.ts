/**
 * Work that holds the thread for a while, one piece at a time: between two pieces everything else gets its turn, however
 * many callers wait. They are served in the order in which they ask.
 */
import { setImmediate } from 'node:timers/promises';

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** The caller does its piece as soon as this resolves, without waiting for anything. */
  next(): Promise<void> {
    const turn = this.#last.then(() => setImmediate());
    this.#last = turn;
    return turn;
  }
}
