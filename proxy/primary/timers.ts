/** Timers that end with their owner: nothing fires once the proxy has stopped. */
export class Timers {
  readonly #timers = new Set<NodeJS.Timeout>();

  readonly later = (action: () => void, ms: number): void => {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  };

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
