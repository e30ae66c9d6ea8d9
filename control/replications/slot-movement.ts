/**
 * Whether the readers of slots move, from one look at the source to the next. A stream that is catching up after a night, or
 * after an update, may keep more than the bound for a while: dropping its slot would cost the copy that it is about to save.
 */
import type { StreamSlot } from '@ficus/cdc';

interface Seen {
  readonly position: string;
  readonly movedAt: number;
  /** When it was last seen with a reader. */
  readonly readAt: number;
  /** What it kept at the first look. */
  readonly foundBytes: number;
}

/** However well a reader moves: behind a source that writes faster, the disk would be full in the end. */
const MOST_SPARED = 2;
/** A reader frees nothing while it is in the middle of a long transaction, or between two connections. */
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
  mayMove({ name, active, position, retainedBytes }: StreamSlot, boundBytes: number): boolean {
    const now = this.#now();
    const before = this.#seen.get(name);
    const movedAt = before === undefined || position !== before.position ? now : before.movedAt;
    const readAt = active ? now : (before?.readAt ?? Number.NEGATIVE_INFINITY);
    const foundBytes = before?.foundBytes ?? retainedBytes;
    this.#seen.set(name, { position, movedAt, readAt, foundBytes });
    if (retainedBytes > MOST_SPARED * Math.max(boundBytes, foundBytes)) return false;
    const patienceMs = READING_PERIODS * this.#periodMs;
    return now - movedAt < (now - readAt < patienceMs ? patienceMs : this.#periodMs);
  }
}
