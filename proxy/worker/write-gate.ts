/**
 * The gate that every write passes before it is decided:
 *
 *     enter ──all workers have its pins──▶ held while a slice of it may not be written ──released──▶ leaves, and is decided
 *                                            ├──deadline, or a hard bound──▶ refused with 503, sent nowhere
 *                                            └──its client leaves──▶ abandoned
 *
 * The condition is checked in the turn in which the write leaves: it is decided by the state at that moment. A write that
 * was not sent before that changed enters again, and has its old place. Released writes leave in the order in which they
 * came, a few at a time: the new owner has been idle. A caller's next write leaves when the one before it is over, whatever
 * connections they came on. One gate per worker; sibling-pins.ts spreads the pins, held-queue.ts keeps the order.
 */
import type { Passage } from '../hold/evaluate-passage.ts';
import type { SliceWrite } from '../hold/slice-writes.ts';
import type { Gate, GatedWrite, Pin } from '../snapshot/request-host.ts';
import { HeldQueue } from './held-queue.ts';
import type { Later, SiblingPins } from './sibling-pins.ts';

/** Of the writes that wait in one worker. At the soft bound the attempt should be abandoned, at the hard one writes are refused. */
export interface HoldBounds {
  readonly softCount: number;
  readonly hardCount: number;
  /** Of their heads, and of what may be read of their bodies. */
  readonly softBytes: number;
  readonly hardBytes: number;
  /** Released writes under way at once: the others follow as these end. */
  readonly releasedAtOnce: number;
  /** Longest wait of a write whose slice is open for an earlier one of its caller; then it leaves. */
  readonly turnWaitMs: number;
}

const MIB = 1_048_576;

export const HOLD_BOUNDS: HoldBounds = {
  softCount: 1_000,
  hardCount: 2_000,
  softBytes: 32 * MIB,
  hardBytes: 64 * MIB,
  releasedAtOnce: 32,
  turnWaitMs: 2_000,
};

interface WriteGateParts {
  readonly pins: Pick<SiblingPins, 'begin' | 'end'>;
  readonly passage: (slice: string) => Passage;
  /** Of a slice that is leased or held. */
  readonly waitMs: (slice: string) => number;
  /** Those that have left the gate, and are not over. */
  readonly underWay: (slice: string) => Iterable<SliceWrite>;
  /** Milliseconds of any origin. */
  readonly now: () => number;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
  readonly later: Later;
  /** The writes that wait have changed. */
  readonly onChange: () => void;
  readonly bounds?: HoldBounds;
}

/** Why a held write is refused. */
const WHY = {
  expired: 'it was not released in time',
  full: 'too many writes are waiting',
  closed: 'the proxy is stopping',
} as const;

export class WriteGate implements Gate {
  readonly #parts: WriteGateParts;
  readonly #bounds: HoldBounds;
  readonly #queue = new HeldQueue();
  #turns = 0;
  #closed = false;
  #releasing = false;
  #again = false;

  constructor(parts: WriteGateParts) {
    this.#parts = parts;
    this.#bounds = parts.bounds ?? HOLD_BOUNDS;
  }

  enter(write: GatedWrite): void {
    this.#turns += 1;
    write.turn = this.#turns;
    let missing = write.allPins.length;
    if (missing === 0) this.#leaveOrHold(write);
    const pinned = (): void => {
      missing -= 1;
      if (missing === 0 && !write.abandoned) this.#leaveOrHold(write);
    };
    for (const pin of write.allPins) this.#parts.pins.begin(pin, pinned);
  }

  enterAgain(write: GatedWrite): void {
    const waits = this.#heldBy(write) !== undefined || this.#queue.hasEarlier(write);
    const freesPlace = waits && this.#queue.forget(write);
    this.#leaveOrHold(write);
    if (freesPlace) this.release();
  }

  goesBehind(write: GatedWrite): boolean {
    return this.#queue.hasEarlier(write);
  }

  abandon(write: GatedWrite): void {
    write.abandoned = true;
    const slice = this.#queue.take(write);
    if (slice === undefined) return;
    this.#countHeld(slice, 'abandoned');
    this.#parts.onChange();
    this.release();
  }

  over(write: GatedWrite): void {
    if (this.#queue.over(write)) this.release();
  }

  pin(pin: Pin): void {
    this.#parts.pins.begin(pin, () => {});
  }

  unpin(pin: Pin, afterMs: number): void {
    this.#parts.pins.end(pin, afterMs);
  }

  /** States of slices or leases have changed, or a write is over: those that may leave do. */
  release(): void {
    // A write that leaves may be over at once.
    this.#again = true;
    if (this.#releasing) return;
    this.#releasing = true;
    while (this.#again) {
      this.#again = false;
      this.#releaseOnce();
    }
    this.#releasing = false;
  }

  #releaseOnce(): void {
    const mayPass = (write: GatedWrite): boolean => this.#heldBy(write) === undefined;
    for (const write of this.#queue.inTurn(mayPass)) {
      if (this.#queue.released >= this.#bounds.releasedAtOnce) return;
      this.#leave(write);
    }
  }

  #leave(write: GatedWrite): void {
    const slice = this.#queue.take(write)!;
    this.#queue.leaves(write);
    this.#countHeld(slice, 'released');
    this.#parts.onChange();
    write.leave(undefined);
  }

  /** The worker is about to end: waiting writes are refused while their answers can still be sent. */
  close(): void {
    this.#closed = true;
    for (const write of this.#queue.all()) this.#refuse(write, this.#queue.take(write)!, 'closed');
  }

  /** Number of writes waiting now. */
  get heldCount(): number {
    return this.#queue.size;
  }

  /** Of one slice. */
  held(slice: string): { readonly held: number; readonly heldBytes: number; readonly full: boolean } {
    const { softCount, softBytes } = this.#bounds;
    const full = this.#queue.size >= softCount || this.#queue.bytes >= softBytes;
    return { ...this.#queue.of(slice), full };
  }

  #leaveOrHold(write: GatedWrite): void {
    const slice = this.#heldBy(write);
    if (slice !== undefined) this.#hold(write, slice);
    else if (!this.#closed && this.#queue.hasEarlier(write))
      this.#wait(write, write.slices[0]!, this.#bounds.turnWaitMs);
    else write.leave(undefined);
  }

  #hold(write: GatedWrite, slice: string): void {
    const { hardCount, hardBytes } = this.#bounds;
    const isFull = this.#queue.size >= hardCount || this.#queue.bytes + write.bytes > hardBytes;
    if (this.#closed || isFull) {
      this.#refuse(write, slice, this.#closed ? 'closed' : 'full');
      return;
    }
    this.#wait(write, slice, this.#parts.waitMs(slice));
  }

  #wait(write: GatedWrite, slice: string, waitMs: number): void {
    // Its caller's earlier writes go first, also those that are still on their way to the owner.
    for (const written of write.slices)
      for (const other of this.#parts.underWay(written)) this.#queue.leavesFirst(other, write);
    const now = this.#parts.now();
    write.heldSinceMs ??= now;
    const leftMs = Math.max(0, waitMs - (now - write.heldSinceMs));
    this.#queue.add(
      write,
      slice,
      this.#parts.later(() => this.#expire(write), leftMs),
    );
    this.#parts.onChange();
  }

  #expire(write: GatedWrite): void {
    if (this.#heldBy(write) === undefined) this.#leave(write);
    else this.#refuse(write, this.#queue.take(write)!, 'expired');
    this.release();
  }

  #heldBy(write: GatedWrite): string | undefined {
    for (const slice of write.slices) if (this.#parts.passage(slice) !== 'pass') return slice;
    return undefined;
  }

  #refuse(write: GatedWrite, slice: string, why: keyof typeof WHY): void {
    this.#countHeld(slice, why);
    this.#parts.onChange();
    const detail = `The owner of ${slice} is changing; this write was sent to neither side: ${WHY[why]}.`;
    write.leave({ code: 'FICUS_PROXY_WRITES_HELD', detail, retryAfterSeconds: 1 });
  }

  #countHeld(slice: string, outcome: 'released' | 'abandoned' | keyof typeof WHY): void {
    this.#parts.count(`ficus_held_writes_total{slice="${slice}",outcome="${outcome}"}`);
  }
}
