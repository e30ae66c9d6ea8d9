/**
 * The gate that every write passes before it is decided:
 *
 *     enter ──all workers have its pins──▶ held while a slice of it is ──released──▶ leaves, and is decided
 *                                            ├──deadline, or too many wait──▶ refused with 503, sent nowhere
 *                                            └──its client leaves──▶ abandoned
 *
 * The last condition is checked in the turn in which the write leaves: it is decided by the state at that
 * moment. A write whose slice is held, or changes its owner, before the write is sent enters again. Released
 * writes leave in the order in which they came. One gate per worker; sibling-pins.ts spreads the pins.
 */
import type { SliceState } from '@ficus/core';
import type { Gate, LeaveGate, Pin } from '../snapshot/request-host.ts';
import type { Later, SiblingPins } from './sibling-pins.ts';

/** Writes that wait in one worker, with their heads and the beginnings of their bodies in memory. */
const MOST_HELD = 1_000;

interface WriteGateParts {
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

interface EnteredWrite {
  readonly pins: readonly Pin[];
  readonly leave: LeaveGate;
  /** Its client has disconnected. */
  abandoned: boolean;
}

interface HeldWrite {
  readonly slice: string;
  readonly cancelDeadline: () => void;
}

export class WriteGate implements Gate {
  readonly #parts: WriteGateParts;
  readonly #held = new Map<EnteredWrite, HeldWrite>();
  #closed = false;

  constructor(parts: WriteGateParts) {
    this.#parts = parts;
  }

  enter(pins: readonly Pin[], leave: LeaveGate): () => void {
    const write: EnteredWrite = { pins, leave, abandoned: false };
    let missing = pins.length;
    if (missing === 0) leave(undefined);
    const pinned = (): void => {
      missing -= 1;
      if (missing === 0 && !write.abandoned) this.#leaveOrHold(write);
    };
    for (const pin of pins) this.#parts.pins.begin(pin, pinned);
    return () => this.#abandon(write);
  }

  enterAgain(pins: readonly Pin[], leave: LeaveGate): () => void {
    const write: EnteredWrite = { pins, leave, abandoned: false };
    this.#leaveOrHold(write);
    return () => this.#abandon(write);
  }

  #abandon(write: EnteredWrite): void {
    write.abandoned = true;
    const held = this.#takeOut(write);
    if (held !== undefined) this.#countHeld(held.slice, 'abandoned');
  }

  pin(pin: Pin): void {
    this.#parts.pins.begin(pin, () => {});
  }

  unpin(pin: Pin, afterMs: number): void {
    this.#parts.pins.end(pin, afterMs);
  }

  /** The states of slices have changed: writes that are no longer held leave. */
  stateChanged(): void {
    for (const write of this.#held.keys()) {
      if (this.#findHold(write.pins) !== undefined) continue;
      this.#countHeld(this.#takeOut(write)!.slice, 'released');
      write.leave(undefined);
    }
  }

  /** The worker is about to end: waiting writes are refused while their answers can still be sent. */
  close(): void {
    this.#closed = true;
    for (const write of this.#held.keys()) this.#refuse(this.#takeOut(write)!.slice, 'closed', write.leave);
  }

  /** Number of writes waiting now. */
  get heldCount(): number {
    return this.#held.size;
  }

  #leaveOrHold(write: EnteredWrite): void {
    const { pins, leave } = write;
    const hold = this.#findHold(pins);
    if (hold === undefined) leave(undefined);
    else if (this.#closed) this.#refuse(hold.slice, 'closed', leave);
    else if (this.#held.size >= (this.#parts.mostHeld ?? MOST_HELD)) this.#refuse(hold.slice, 'full', leave);
    else this.#hold(hold, write);
  }

  #hold({ slice, waitMs }: Hold, write: EnteredWrite): void {
    const expired = (): void => {
      this.#held.delete(write);
      this.#refuse(slice, 'expired', write.leave);
    };
    this.#held.set(write, { slice, cancelDeadline: this.#parts.later(expired, waitMs) });
  }

  #takeOut(write: EnteredWrite): HeldWrite | undefined {
    const held = this.#held.get(write);
    this.#held.delete(write);
    held?.cancelDeadline();
    return held;
  }

  #findHold(pins: readonly Pin[]): Hold | undefined {
    for (const { slice } of pins) {
      const state = this.#parts.stateOf(slice);
      if (state.writes === 'held') return { slice, waitMs: state.waitMs };
    }
    return undefined;
  }

  #refuse(slice: string, why: keyof typeof WHY, leave: LeaveGate): void {
    this.#countHeld(slice, why);
    const detail = `The owner of ${slice} is changing; this write was sent to neither side: ${WHY[why]}.`;
    leave({ code: 'FICUS_PROXY_WRITES_HELD', detail, retryAfterSeconds: 1 });
  }

  #countHeld(slice: string, outcome: 'released' | 'abandoned' | keyof typeof WHY): void {
    this.#parts.count(`ficus_held_writes_total{slice="${slice}",outcome="${outcome}"}`);
  }
}

interface Hold {
  readonly slice: string;
  readonly waitMs: number;
}
