/**
 * Finds workers that hang. Each reports twice a second while its event loop turns; one whose loop has stopped still
 * gets its share of new connections from the kernel, and they would wait forever.
 *
 * A worker is named only at the second check that finds it silent: in between, this process reads reports that arrived
 * while it was itself held up.
 */

/** A starting worker may take long on a busy machine, but not forever. */
const STARTING_MS = 60_000;

export class Silence {
  readonly #heardAt = new Map<number, number>();
  /** Those that do not listen yet. */
  readonly #starting = new Set<number>();
  readonly #suspects = new Set<number>();

  /** It was just forked. */
  starts(worker: number, now: number): void {
    this.#starting.add(worker);
    this.#heardAt.set(worker, now);
  }

  /**
   * @param listens whether it reports that it listens: until then it may take longer. @param now monotonic
   * milliseconds
   */
  heard(worker: number, listens: boolean, now: number): void {
    if (listens) this.#starting.delete(worker);
    if (listens || this.#heardAt.has(worker)) this.#heardAt.set(worker, now);
  }

  forget(worker: number): void {
    this.#heardAt.delete(worker);
    this.#starting.delete(worker);
    this.#suspects.delete(worker);
  }

  /** Those that have been silent for too long, each named once. */
  check(now: number, limitMs: number): number[] {
    const hanging: number[] = [];
    for (const [worker, heardAt] of this.#heardAt) {
      const limit = this.#starting.has(worker) ? Math.max(limitMs, STARTING_MS) : limitMs;
      if (now - heardAt < limit) this.#suspects.delete(worker);
      else if (this.#suspects.has(worker)) {
        hanging.push(worker);
        this.forget(worker);
      } else this.#suspects.add(worker);
    }
    return hanging;
  }
}
