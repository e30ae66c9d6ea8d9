/**
 * Writes of workers that have ended without an answer to them: killed, or crashed. They may still be executed, for as long
 * as pins of them are kept, and count as in flight until then. How many there were is known through their pins, which are
 * taken before a write leaves.
 */
export class OrphanedWrites {
  readonly #later: (action: () => void, ms: number) => void;
  readonly #onChange: () => void;
  readonly #counts = new Map<string, number>();

  constructor(later: (action: () => void, ms: number) => void, onChange: () => void) {
    this.#later = later;
    this.#onChange = onChange;
  }

  of(slice: string): number {
    return this.#counts.get(slice) ?? 0;
  }

  add(slice: string, count: number, forMs: number): void {
    if (count === 0) return;
    this.#counts.set(slice, this.of(slice) + count);
    this.#later(() => {
      this.#counts.set(slice, this.of(slice) - count);
      this.#onChange();
    }, forMs);
  }
}
