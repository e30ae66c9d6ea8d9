/**
 * The writes that wait at a worker's gate, in the order in which they came, and the earlier ones of the same callers that
 * have to be over first. Decides who is next, and nothing else; used by write-gate.ts.
 */
import type { SliceWrite } from '../hold/slice-writes.ts';
import type { GatedWrite } from '../snapshot/request-host.ts';

interface Place {
  readonly slice: string;
  readonly cancelDeadline: () => void;
}

export class HeldQueue {
  readonly #places = new Map<GatedWrite, Place>();
  /** Slice → what waits there. */
  readonly #sums = new Map<string, { held: number; heldBytes: number }>();
  /** Caller → their writes that wait. */
  readonly #callers = new Map<string, Set<GatedWrite>>();
  /** Caller → their writes that have left the gate and must be over before another leaves. */
  readonly #ahead = new Map<string, Set<SliceWrite>>();
  /** Writes that have waited, and are not over. */
  readonly #released = new Set<SliceWrite>();
  /** Writes that count as over, though their answers continue: streams. */
  readonly #over = new WeakSet<SliceWrite>();
  #bytes = 0;
  #lastTurn = 0;
  #isSorted = true;

  get size(): number {
    return this.#places.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Writes that have left after a wait, and are under way. */
  get released(): number {
    return this.#released.size;
  }

  of(slice: string): { readonly held: number; readonly heldBytes: number } {
    return this.#sums.get(slice) ?? NOTHING;
  }

  all(): readonly GatedWrite[] {
    return [...this.#places.keys()];
  }

  add(write: GatedWrite, slice: string, cancelDeadline: () => void): void {
    if (write.turn < this.#lastTurn) this.#isSorted = false;
    else this.#lastTurn = write.turn;
    this.#places.set(write, { slice, cancelDeadline });
    this.#count(write, slice, 1);
  }

  /** @returns the slice for which it waited; undefined when it does not wait */
  take(write: GatedWrite): string | undefined {
    const place = this.#places.get(write);
    if (place === undefined) return undefined;
    this.#places.delete(write);
    if (this.#places.size === 0) this.#isSorted = true;
    place.cancelDeadline();
    this.#count(write, place.slice, -1);
    return place.slice;
  }

  /** A write that has waited leaves. */
  leaves(write: GatedWrite): void {
    this.#released.add(write);
    if (write.caller !== undefined) this.#aheadOf(write.caller).add(write);
  }

  /** Where both have one caller, and the other came first, it must be over before this one leaves. */
  leavesFirst(other: SliceWrite, write: GatedWrite): void {
    const { caller } = write;
    if (caller !== undefined && other.caller === caller && other.turn < write.turn && !this.#over.has(other))
      this.#aheadOf(caller).add(other);
  }

  /** @returns whether others may leave for that */
  over(write: GatedWrite): boolean {
    this.#over.add(write);
    return this.forget(write);
  }

  /** It is over, or waits again. @returns whether others may leave for that */
  forget(write: GatedWrite): boolean {
    const wasReleased = this.#released.delete(write);
    if (write.caller === undefined || this.#ahead.size === 0) return wasReleased;
    const ahead = this.#ahead.get(write.caller);
    if (ahead?.delete(write) !== true) return wasReleased;
    if (ahead.size === 0) this.#ahead.delete(write.caller);
    return true;
  }

  /** Whether an earlier write of its caller waits. */
  hasEarlier({ caller, turn }: GatedWrite): boolean {
    if (this.#callers.size === 0 || caller === undefined) return false;
    for (const other of this.#callers.get(caller) ?? []) if (other.turn < turn) return true;
    return false;
  }

  /** Those that may leave now, in their order; of each caller one at most. */
  *inTurn(mayPass: (write: GatedWrite) => boolean): Iterable<GatedWrite> {
    if (!this.#isSorted) this.#sort();
    const passed = new Set<string>();
    for (const write of this.#places.keys()) {
      const { caller } = write;
      if (caller !== undefined) {
        if (passed.has(caller) || this.#ahead.has(caller)) continue;
        passed.add(caller);
      }
      if (mayPass(write)) yield write;
    }
  }

  /** A write that was on its way has come back to its old place. */
  #sort(): void {
    const sorted = [...this.#places].sort(([a], [b]) => a.turn - b.turn);
    this.#places.clear();
    for (const [write, place] of sorted) this.#places.set(write, place);
    this.#isSorted = true;
  }

  #aheadOf(caller: string): Set<SliceWrite> {
    let ahead = this.#ahead.get(caller);
    if (ahead === undefined) {
      ahead = new Set();
      this.#ahead.set(caller, ahead);
    }
    return ahead;
  }

  #count(write: GatedWrite, slice: string, by: 1 | -1): void {
    const { caller, bytes } = write;
    this.#bytes += by * bytes;
    const sum = this.#sums.get(slice) ?? { held: 0, heldBytes: 0 };
    sum.held += by;
    sum.heldBytes += by * bytes;
    if (sum.held === 0) this.#sums.delete(slice);
    else this.#sums.set(slice, sum);
    if (caller === undefined) return;
    const waiting = this.#callers.get(caller) ?? new Set();
    if (by === 1) waiting.add(write);
    else waiting.delete(write);
    if (waiting.size === 0) this.#callers.delete(caller);
    else this.#callers.set(caller, waiting);
  }
}

const NOTHING = { held: 0, heldBytes: 0 };
