/**
 * One coarse timer for the deadlines of all exchanges in the process: a timer per request costs more than the
 * request's share of this. Runs only while there is something to watch, and never keeps a process alive.
 */
import { performance } from 'node:perf_hooks';

/** Deadlines are met within this. */
const SWEEP_MS = 20;

export interface Swept {
  sweep(now: number): void;
}

class Sweeper {
  /** The time of the last pass: exact enough for what is measured in seconds, and free. */
  now = performance.now();
  readonly #swept = new Set<Swept>();
  #timer: NodeJS.Timeout | undefined;

  watch(swept: Swept): void {
    this.#swept.add(swept);
    if (this.#timer !== undefined) return;
    this.now = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.now = now;
      for (const each of this.#swept) each.sweep(now);
    }, SWEEP_MS);
    this.#timer.unref();
  }

  forget(swept: Swept): void {
    this.#swept.delete(swept);
    if (this.#swept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export const sweeper: Sweeper = new Sweeper();
