/** What all workers of a proxy must know of a write before it leaves: whom it pins, and which sessions it may change. */
import type { ChangingSessions } from '../identify/changing-sessions.ts';
import { type PinTable, SESSIONS } from '../pin/pin-table.ts';

export class SharedMarks {
  readonly #pins: Pick<PinTable, 'pin' | 'release'>;
  readonly #sessions: Pick<ChangingSessions, 'begin' | 'end'>;

  constructor(pins: Pick<PinTable, 'pin' | 'release'>, sessions: Pick<ChangingSessions, 'begin' | 'end'>) {
    this.#pins = pins;
    this.#sessions = sessions;
  }

  /** @param slice or SESSIONS */
  pin(slice: string, key: string, count = 1): void {
    if (slice === SESSIONS) this.#sessions.begin(key, count);
    else this.#pins.pin(slice, key, count);
  }

  release(slice: string, key: string, count: number): void {
    if (slice === SESSIONS) this.#sessions.end(key, count);
    else this.#pins.release(slice, key, count);
  }
}
