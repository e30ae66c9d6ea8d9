/**
 * Pauses applying so that the target equals the source at exactly one position (VDiff's "stop apply at a known
 * position"). First, nothing more is applied: a position taken now lies after everything applied so far. Then the
 * stream continues up to the last transaction committed before that position, and stops there until resumed.
 */
export class ApplyPause {
  readonly #changed: () => void;
  readonly #arrival = Promise.withResolvers<boolean>();
  #lsn: bigint | undefined;
  #isOver = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whether the transaction with this commit position has to wait. */
  stops(commitLsn: bigint): boolean {
    return !this.#isOver && (this.#lsn === undefined || commitLsn >= this.#lsn);
  }

  /** The stream has reached that transaction, and everything before it is committed on the target. */
  reachedBefore(commitLsn: bigint): void {
    if (this.#lsn !== undefined && commitLsn >= this.#lsn) this.#arrival.resolve(true);
  }

  /** True once the target is at the position; false after the timeout. */
  reach(lsn: bigint, timeoutMs: number): Promise<boolean> {
    this.#lsn = lsn;
    const timer = setTimeout(() => this.#arrival.resolve(false), timeoutMs);
    this.#changed();
    return this.#arrival.promise.finally(() => clearTimeout(timer));
  }

  resume(): void {
    this.#isOver = true;
    this.#arrival.resolve(false);
    this.#changed();
  }
}
