/** Bounded work: a limited number of jobs runs, a limited number waits; more are refused. */

export class ConfirmQueue {
  readonly #concurrency: number;
  readonly #capacity: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #stopped = false;

  constructor(concurrency: number, capacity: number) {
    this.#concurrency = concurrency;
    this.#capacity = capacity;
  }

  /** False when there is no room. */
  offer(job: () => Promise<void>): boolean {
    if (this.#stopped || this.#waiting.length >= this.#capacity) return false;
    this.#waiting.push(job);
    this.#next();
    return true;
  }

  /** Drops waiting jobs. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#running >= this.#concurrency) return;
    const job = this.#waiting.shift();
    if (!job) return;
    this.#running += 1;
    job()
      .catch(() => undefined)
      .finally(() => {
        this.#running -= 1;
        this.#next();
      });
  }
}
