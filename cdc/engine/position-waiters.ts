/** Callers that wait until the stream has applied past a position. */
interface Waiter {
  readonly lsn: bigint;
  readonly resolve: (reached: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

export class PositionWaiters {
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  wait(lsn: bigint, timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter: Waiter = { lsn, resolve, timer: setTimeout(() => this.#end(waiter, false), timeoutMs) };
    this.#waiters.add(waiter);
    return promise;
  }

  reached(lsn: bigint): void {
    for (const waiter of this.#waiters) if (waiter.lsn <= lsn) this.#end(waiter, true);
  }

  /** Someone waits for this position, or one before it. */
  awaits(lsn: bigint): boolean {
    for (const waiter of this.#waiters) if (waiter.lsn <= lsn) return true;
    return false;
  }

  giveUp(): void {
    for (const waiter of this.#waiters) this.#end(waiter, false);
  }

  #end(waiter: Waiter, reached: boolean): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    waiter.resolve(reached);
  }
}
