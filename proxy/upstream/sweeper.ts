/**
 * One coarse timer for the deadlines of all exchanges in the process: a timer per request costs more than the request's
 * share of this. Runs only while there is something to watch, and never keeps a process alive.
 *
 * A pass runs after reading, not from the timer itself: in a process that was held up the timers run first, and would
 * miss answers that came in time but are not read yet.
 */
import { performance } from 'node:perf_hooks';

/** Deadlines are met within this. */
const SWEEP_MS = 20;

interface Swept {
  sweep(now: number): void;
}

class Sweeper {
  readonly #swept = new Set<Swept>();
  #timer: NodeJS.Timeout | undefined;

  watch(swept: Swept): void {
    this.#swept.add(swept);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => setImmediate(this.#pass, performance.now()), SWEEP_MS);
    this.#timer.unref();
  }

  /** @param now from before the reading: whatever has arrived since may wait for the next pass */
  readonly #pass = (now: number): void => {
    for (const each of this.#swept) each.sweep(now);
  };

  forget(swept: Swept): void {
    this.#swept.delete(swept);
    if (this.#swept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export const sweeper: Sweeper = new Sweeper();
