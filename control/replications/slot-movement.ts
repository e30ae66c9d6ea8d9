/**
 * Whether the readers of slots move, from one look at the source to the next. A stream that is catching up after a night, or
 * after an update, may keep more than the bound for a while: dropping its slot would cost the copy that it is about to save.
 */
import type { StreamSlot } from '@ficus/cdc';

interface Seen {
  readonly position: string;
  readonly movedAt: number;
}

/** A reader acknowledges nothing while it is in the middle of a long transaction. */
const READING_PERIODS = 4;

export class SlotMovement {
  readonly #periodMs: number;
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();

  constructor(periodMs: number, now: () => number) {
    this.#periodMs = periodMs;
    this.#now = now;
  }

  /** Call it at each look. Counts as moving at the first one: a reader may just be about to connect. */
  mayMove({ name, active, position }: StreamSlot): boolean {
    const now = this.#now();
    const before = this.#seen.get(name);
    const moved = before === undefined || (active && position !== before.position);
    const movedAt = moved ? now : before.movedAt;
    this.#seen.set(name, { position, movedAt });
    return now - movedAt < (active ? READING_PERIODS : 1) * this.#periodMs;
  }
}
