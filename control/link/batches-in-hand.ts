/**
 * The batches that a token's holders have sent and that are not compared yet: one is parsed and compared at a time, and
 * what waits is bounded. More are refused unread, and sent again later: a proxy has one on the way for each worker.
 */
import { FicusError } from '@ficus/core';

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_BATCHES = 256;

export class BatchesInHand {
  #bytes = 0;
  #batches = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws FicusError FICUS_CONTROL_TOO_MANY_BATCHES */
  async hold(bytes: number, work: () => Promise<void>): Promise<void> {
    if (this.#batches >= MOST_BATCHES || this.#bytes + bytes > MOST_BYTES)
      throw new FicusError('FICUS_CONTROL_TOO_MANY_BATCHES', `${this.#batches} batches wait to be compared.`);
    this.#batches += 1;
    this.#bytes += bytes;
    try {
      await work();
    } finally {
      this.#batches -= 1;
      this.#bytes -= bytes;
    }
  }

  /** Runs it when the ones before it have ended. */
  inOrder(work: () => Promise<void>): Promise<void> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
