/**
 * How far a stream is, as ends of transactions in the source's WAL. Each position is at most the one before it:
 *
 *     received ≥ applied ≥ checkpoint ≥ durable ≥ acknowledged
 *
 * A violation of this order would lose changes (the source discards what is not durable) or claim rows that are not on
 * the target, so it throws and stops the stream. Each session has its own positions: leftovers of an earlier session
 * move none of them.
 */
import { formatLsn } from '@ficus/core';

const AHEAD = {
  /** Read from the source; nothing before it is read again, whatever the source sends. */
  received: undefined,
  /** Everything before it is on the target or needed no writing. */
  applied: 'received',
  /** As stored on the target, committed with the rows; the next commit moves it from exactly here. */
  checkpoint: 'applied',
  /** The target keeps it through a crash. */
  durable: 'checkpoint',
  /** The source may discard everything before it. */
  acknowledged: 'durable',
} as const;

export type Position = keyof typeof AHEAD;

export class Positions {
  readonly #at: Record<Position, bigint>;
  readonly #readBefore: bigint;

  /**
   * @param durable what earlier sessions know to be durable
   * @param readBefore how far they have read
   */
  constructor(checkpoint = 0n, durable = 0n, readBefore = 0n) {
    this.#readBefore = readBefore;
    this.#at = {
      received: checkpoint,
      applied: checkpoint,
      checkpoint,
      durable: durable < checkpoint ? durable : checkpoint,
      acknowledged: 0n,
    };
  }

  get received(): bigint {
    return this.#at.received;
  }

  /** The furthest that any session of this process has received, also where it applied less. */
  get everReceived(): bigint {
    return this.received > this.#readBefore ? this.received : this.#readBefore;
  }

  get applied(): bigint {
    return this.#at.applied;
  }

  get checkpoint(): bigint {
    return this.#at.checkpoint;
  }

  /** 0 until known. */
  get durable(): bigint {
    return this.#at.durable;
  }

  /** Of this session; 0 until the first. */
  get acknowledged(): bigint {
    return this.#at.acknowledged;
  }

  /** @throws Error when the position would go back, or ahead of the one before it */
  advance(position: Position, lsn: bigint): void {
    const ahead = AHEAD[position];
    if (lsn < this.#at[position]) throw outOfOrder(position, lsn, `behind ${formatLsn(this.#at[position])}`);
    if (ahead !== undefined && lsn > this.#at[ahead])
      throw outOfOrder(position, lsn, `ahead of ${ahead} ${formatLsn(this.#at[ahead])}`);
    this.#at[position] = lsn;
  }

  /** For the next session, which begins at the checkpoint; another process may have moved that anywhere. */
  next(checkpoint: bigint): Positions {
    return new Positions(checkpoint, this.durable, this.everReceived);
  }

  /** After a failure: the target may have lost what was applied but not durable, until a session finds out. */
  withoutUndurable(): Positions {
    return this.applied > this.durable ? this.next(this.durable) : this;
  }
}

function outOfOrder(position: Position, lsn: bigint, where: string): Error {
  return new Error(`position ${position} ${formatLsn(lsn)} would be ${where}`);
}
