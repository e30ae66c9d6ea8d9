/**
 * Read-your-writes, in a worker: which users' reads of a slice go to the owner, because the other side may not have
 * their last write yet. A pin is a count: every write in progress holds one.
 *
 * Pins are never dropped silently. When a slice's table is full, the next writers pin all users: the whole slice then
 * reads from the owner until their writes have been applied. That is safe, and it is logged and counted.
 */
const PINS_PER_SLICE = 100_000;

/** The key under which all users of a slice are pinned. */
export const EVERYBODY = '\u0000everybody';

/**
 * Stands in place of a slice for sessions that a write may change. They are spread like pins, by the same messages, but
 * kept apart (identify/changing-sessions.ts). No slice's name contains a slash.
 */
export const SESSIONS = '/sessions';

export class PinTable {
  readonly #slices = new Map<string, Map<string, number>>();
  readonly #limit: number;
  readonly #onEverybody: (slice: string, begins: boolean) => void;

  constructor(onEverybody: (slice: string, begins: boolean) => void = () => {}, limit = PINS_PER_SLICE) {
    this.#onEverybody = onEverybody;
    this.#limit = limit;
  }

  /** Whether this user's reads of the slice go to the owner. */
  isPinned(slice: string, key: string): boolean {
    const pins = this.#slices.get(slice);
    return pins !== undefined && (pins.has(key) || pins.has(EVERYBODY));
  }

  /** The key that pins a writer from the beginning of the write to its release: everywhere the same. */
  keyFor(slice: string, key: string): string {
    const pins = this.#slices.get(slice);
    return pins === undefined || pins.size < this.#limit || pins.has(key) ? key : EVERYBODY;
  }

  pin(slice: string, key: string, count = 1): void {
    let pins = this.#slices.get(slice);
    if (pins === undefined) {
      pins = new Map();
      this.#slices.set(slice, pins);
    }
    const before = pins.get(key) ?? 0;
    pins.set(key, before + count);
    if (key === EVERYBODY && before === 0) this.#onEverybody(slice, true);
  }

  release(slice: string, key: string, count = 1): void {
    const pins = this.#slices.get(slice);
    const before = pins?.get(key);
    if (pins === undefined || before === undefined) return;
    if (before > count) {
      pins.set(key, before - count);
      return;
    }
    pins.delete(key);
    if (key === EVERYBODY) this.#onEverybody(slice, false);
  }

  /** Pinned users of all slices. */
  get size(): number {
    let size = 0;
    for (const pins of this.#slices.values()) size += pins.size;
    return size;
  }
}
