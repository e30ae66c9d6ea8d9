/** The pause before a stream's next attempt; ends early when what the stream was refused by may be gone. */
import { setTimeout as sleep } from 'node:timers/promises';

export class RetryPause {
  #ending = new AbortController();

  async wait(ms: number, stopping: AbortSignal): Promise<void> {
    this.#ending = new AbortController();
    const signal = AbortSignal.any([stopping, this.#ending.signal]);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  end(): void {
    this.#ending.abort();
  }
}
