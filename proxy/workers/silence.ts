/**
 * Which workers hang. Each says something twice a second while its event loop turns; one whose loop does not turn any more
 * still gets its share of new connections from the kernel, and they would wait for ever.
 *
 * A worker is named at the second look that finds it silent: between the two, whatever it had said while this process
 * itself was held up has been read.
 */
export class Silence {
  readonly #heardAt = new Map<number, number>();
  readonly #suspects = new Set<number>();

  /** @param listens whether it says so now: before, it may take its time. @param now monotonic milliseconds */
  heard(worker: number, listens: boolean, now: number): void {
    if (listens || this.#heardAt.has(worker)) this.#heardAt.set(worker, now);
  }

  forget(worker: number): void {
    this.#heardAt.delete(worker);
    this.#suspects.delete(worker);
  }

  /** Those that have been silent for too long, each named once. */
  check(now: number, limitMs: number): number[] {
    const hanging: number[] = [];
    for (const [worker, heardAt] of this.#heardAt) {
      if (now - heardAt < limitMs) this.#suspects.delete(worker);
      else if (this.#suspects.has(worker)) {
        hanging.push(worker);
        this.forget(worker);
      } else this.#suspects.add(worker);
    }
    return hanging;
  }
}
