/**
 * The gate that every write passes before it is decided:
 *
 *     enter ──all workers have its pins──▶ held while a slice of it is ──released──▶ leaves, and is decided
 *                                            └──deadline, or too many wait──▶ refused with 503, sent nowhere
 *
 * The last condition is looked at in the turn in which the write leaves: it is decided by the state at that
 * moment. A write whose slice is held, or changes its owner, before the write is sent enters again. Released
 * writes leave in the order in which they came. One gate per worker; sibling-pins.ts spreads the pins.
 */
import type { SliceState } from '@ficus/core';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { Gate, Pin } from '../snapshot/request-host.ts';
import type { Later, SiblingPins } from './sibling-pins.ts';

/** Writes that wait in one worker, with their heads and the beginnings of their bodies in memory. */
const MOST_HELD = 1_000;

export interface WriteGateParts {
  readonly pins: Pick<SiblingPins, 'begin' | 'end'>;
  readonly stateOf: (slice: string) => SliceState;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
  readonly later: Later;
  readonly mostHeld?: number;
}

/** Why a held write is refused. */
const WHY = {
  expired: 'it was not released in time',
  full: 'too many writes are waiting',
  closed: 'the proxy is stopping',
} as const;

type Leave = (refusal: ProblemAnswer | undefined) => void;

interface HeldWrite {
  readonly slice: string;
  readonly pins: readonly Pin[];
  readonly leave: Leave;
  readonly cancelDeadline: () => void;
}

export class WriteGate implements Gate {
  readonly #parts: WriteGateParts;
  readonly #held = new Set<HeldWrite>();
  #closed = false;

  constructor(parts: WriteGateParts) {
    this.#parts = parts;
  }

  enter(pins: readonly Pin[], leave: Leave): void {
    let missing = pins.length;
    if (missing === 0) leave(undefined);
    const pinned = (): void => {
      missing -= 1;
      if (missing === 0) this.#leaveOrHold(pins, leave);
    };
    for (const pin of pins) this.#parts.pins.begin(pin, pinned);
  }

  enterAgain(pins: readonly Pin[], leave: Leave): void {
    this.#leaveOrHold(pins, leave);
  }

  pin(pin: Pin): void {
    this.#parts.pins.begin(pin, () => {});
  }

  unpin(pin: Pin, afterMs: number): void {
    this.#parts.pins.end(pin, afterMs);
  }

  /** The states of slices have changed: writes that nothing holds any more leave. */
  stateChanged(): void {
    for (const write of this.#held) {
      if (this.#findHold(write.pins) !== undefined) continue;
      this.#held.delete(write);
      write.cancelDeadline();
      this.#countHeld(write.slice, 'released');
      write.leave(undefined);
    }
  }

  /** The worker is about to end: writes that wait are refused while their answers can still be sent. */
  close(): void {
    this.#closed = true;
    for (const write of this.#held) {
      this.#held.delete(write);
      write.cancelDeadline();
      this.#refuse(write.slice, 'closed', write.leave);
    }
  }

  /** Writes that wait now. */
  get heldCount(): number {
    return this.#held.size;
  }

  #leaveOrHold(pins: readonly Pin[], leave: Leave): void {
    const hold = this.#findHold(pins);
    if (hold === undefined) leave(undefined);
    else if (this.#closed) this.#refuse(hold.slice, 'closed', leave);
    else if (this.#held.size >= (this.#parts.mostHeld ?? MOST_HELD)) this.#refuse(hold.slice, 'full', leave);
    else this.#hold(hold, pins, leave);
  }

  #hold({ slice, waitMs }: Hold, pins: readonly Pin[], leave: Leave): void {
    const expired = (): void => {
      this.#held.delete(write);
      this.#refuse(slice, 'expired', leave);
    };
    const write: HeldWrite = { slice, pins, leave, cancelDeadline: this.#parts.later(expired, waitMs) };
    this.#held.add(write);
  }

  #findHold(pins: readonly Pin[]): Hold | undefined {
    for (const { slice } of pins) {
      const state = this.#parts.stateOf(slice);
      if (state.writes === 'held') return { slice, waitMs: state.waitMs };
    }
    return undefined;
  }

  #refuse(slice: string, why: keyof typeof WHY, leave: Leave): void {
    this.#countHeld(slice, why);
    const detail = `The owner of ${slice} is changing; this write was sent to neither side: ${WHY[why]}.`;
    leave({ code: 'FICUS_PROXY_WRITES_HELD', detail, retryAfterSeconds: 1 });
  }

  #countHeld(slice: string, outcome: 'released' | keyof typeof WHY): void {
    this.#parts.count(`ficus_held_writes_total{slice="${slice}",outcome="${outcome}"}`);
  }
}

interface Hold {
  readonly slice: string;
  readonly waitMs: number;
}
