/**
 * The seals of observations that were taken: a recorded report counts once, however often it is sent again. A seal is
 * valid for a few minutes, and remembered for as long.
 */
import { SEAL_VALID_MS } from '@ficus/proxy';

/** About 20 MB. With more in one validity the oldest is forgotten, and could be sent again for the rest of it. */
const MOST_SEALS = 100_000;

export class SeenSeals {
  /** Seal → when it is no longer valid, in milliseconds since the epoch; the first taken is first. */
  readonly #seals = new Map<string, number>();
  readonly #most: number;

  constructor(most = MOST_SEALS) {
    this.#most = most;
  }

  /** Remembers a seal. Returns whether it is new. @param at when the observation was made @param now both since the epoch */
  take(seal: string, at: number, now: number): boolean {
    if (this.#seals.has(seal)) return false;
    this.#seals.set(seal, at + SEAL_VALID_MS);
    for (const [oldest, validUntil] of this.#seals) {
      if (validUntil >= now && this.#seals.size <= this.#most) break;
      this.#seals.delete(oldest);
    }
    return true;
  }
}
