/**
 * Read-your-writes, in the primary: the life of every pin, over all workers. (Sessions that a write may change are
 * released as soon as it is over.)
 *
 *     open ──write answered──▶ waiting for a position ──position known──▶ waiting for the stream ──applied──▶ released
 *
 * The position is requested only after the write was answered, so it covers the write. Without a control plane, or
 * without its answer, pins stay: reading from the owner is always right. Writes that begin and finish during a request
 * for positions are part of the next one; there is at most one at a time.
 */
import { parseLsn, type SliceProgress } from '@ficus/core';
import { SESSIONS } from './pin-table.ts';

/** Slice → position of its owner's WAL, `X/Y`. */
export type SlicePositions = Readonly<Record<string, string>>;

/** A pin of one user in one slice, held `count` times. */
export interface PinCount {
  readonly slice: string;
  readonly key: string;
  readonly count: number;
}

interface Waiting {
  readonly count: number;
  /**
   * Position of the user's last write: until it is applied they stay pinned, even if earlier writes are
   * released.
   */
  readonly lsn: bigint;
}

interface PinLedgerOptions {
  /** Undefined without a control plane. */
  readonly askPositions: ((slices: readonly string[]) => Promise<SlicePositions>) | undefined;
  /** Releases pins in all workers. */
  readonly onRelease: (released: readonly PinCount[]) => void;
  /** Called after `ms`: for the pause after a failed request for positions, and for writes whose worker has exited. */
  readonly later: (action: () => void, ms: number) => void;
}

const PAUSE_AFTER_FAILURE_MS = 250;

export class PinLedger {
  readonly #options: PinLedgerOptions;
  /** Worker → slice and key → writes in progress. */
  readonly #open = new Map<number, Map<string, number>>();
  #answered = new Map<string, number>();
  /** Pins whose positions are being requested. */
  #asked: ReadonlyMap<string, number> = new Map();
  /**
   * By slice and key, in the order of positions: positions are requested one after the other, and a WAL only grows. One
   * entry per user, so that a stream stalled for hours fills no memory.
   */
  readonly #waiting = new Map<string, Map<string, Waiting>>();
  #asking = false;
  /** Slices whose owner has changed since the request for positions left: its answer belongs to another WAL. */
  readonly #changed = new Set<string>();
  #applied = new Map<string, bigint>();

  constructor(options: PinLedgerOptions) {
    this.#options = options;
  }

  /** A write of the user begins. */
  begin(worker: number, slice: string, key: string): void {
    let open = this.#open.get(worker);
    if (!open) {
      open = new Map();
      this.#open.set(worker, open);
    }
    add(open, pinName(slice, key), 1);
  }

  /** The write was answered, or failed. */
  answered(worker: number, slice: string, key: string): void {
    const open = this.#open.get(worker);
    const name = pinName(slice, key);
    const count = open?.get(name);
    if (!open || count === undefined) return;
    if (count === 1) open.delete(name);
    else open.set(name, count - 1);
    this.#over(name, 1);
    this.#ask();
  }

  /** A session is not replicated: it waits for no stream. */
  #over(name: string, count: number): void {
    const { slice, key } = splitName(name);
    if (slice === SESSIONS) this.#options.onRelease([{ slice, key, count }]);
    else add(this.#answered, name, count);
  }

  /**
   * A worker has exited and will not report the end of its writes: they wait for the stream like answered ones.
   * @param afterMs how long those in progress may still be executed upstream
   */
  workerGone(worker: number, afterMs = 0): void {
    if (!this.#open.has(worker)) return;
    if (afterMs === 0) this.#giveUp(worker);
    else this.#options.later(() => this.#giveUp(worker), afterMs);
  }

  #giveUp(worker: number): void {
    for (const [name, count] of this.#open.get(worker) ?? []) this.#over(name, count);
    this.#open.delete(worker);
    this.#ask();
  }

  /** The stream moved. Unhealthy progress releases nothing. */
  progress(slices: Readonly<Record<string, SliceProgress>>): void {
    for (const [slice, { appliedLsn, healthy }] of Object.entries(slices)) {
      if (healthy) this.#applied.set(slice, parseLsn(appliedLsn));
      else this.#applied.delete(slice);
    }
    this.#releaseApplied();
  }

  /** Owner or epoch changed: positions of the old owner's WAL mean nothing in the new one's. */
  forgetPositions(slice: string): void {
    this.#applied.delete(slice);
    this.#changed.add(slice);
    const again = this.#waitingIn(slice);
    this.#waiting.delete(slice);
    for (const [key, { count }] of again) add(this.#answered, pinName(slice, key), count);
    this.#ask();
  }

  /** The control plane is back: positions without an answer are requested again. */
  askAgain(): void {
    this.#ask();
  }

  /** Slice → writes of the worker that have begun and are not known to be over; one that pins two users counts twice. */
  openOf(worker: number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [name, count] of this.#open.get(worker) ?? []) add(counts, splitName(name).slice, count);
    return counts;
  }

  /** All pins, for a worker that starts now. */
  list(): PinCount[] {
    const all = new Map<string, number>();
    for (const open of this.#open.values()) for (const [name, count] of open) add(all, name, count);
    for (const [name, count] of this.#answered) add(all, name, count);
    for (const [name, count] of this.#asked) add(all, name, count);
    for (const [slice, waiting] of this.#waiting) {
      for (const [key, { count }] of waiting) add(all, pinName(slice, key), count);
    }
    return [...all].map(([name, count]) => ({ ...splitName(name), count }));
  }

  #ask(): void {
    const { askPositions } = this.#options;
    if (!askPositions || this.#asking || this.#answered.size === 0) return;
    const asked = this.#answered;
    this.#asked = asked;
    this.#answered = new Map();
    this.#asking = true;
    this.#changed.clear();
    const slices = new Set([...asked.keys()].map((name) => splitName(name).slice));
    askPositions([...slices]).then(
      (positions) => {
        const unplaced = this.#takePositions(asked, positions);
        this.#releaseApplied();
        this.#askNext(unplaced);
      },
      () => this.#askNext(asked),
    );
  }

  /**
   * After a failure the positions are requested again after a pause; otherwise those of newer writes at once.
   */
  #askNext(unplaced: ReadonlyMap<string, number>): void {
    this.#asked = new Map();
    for (const [name, count] of unplaced) add(this.#answered, name, count);
    const next = (): void => {
      this.#asking = false;
      this.#ask();
    };
    if (unplaced.size === 0) next();
    else this.#options.later(next, PAUSE_AFTER_FAILURE_MS);
  }

  #takePositions(asked: ReadonlyMap<string, number>, positions: SlicePositions): Map<string, number> {
    const unplaced = new Map<string, number>();
    for (const [name, count] of asked) {
      const { slice, key } = splitName(name);
      const position = this.#changed.has(slice) ? undefined : readPosition(positions[slice]);
      if (position === undefined) unplaced.set(name, count);
      else this.#wait(slice, key, count, position);
    }
    return unplaced;
  }

  #wait(slice: string, key: string, count: number, lsn: bigint): void {
    const waiting = this.#waitingIn(slice);
    const before = waiting.get(key);
    // Moved to the end: its position is the newest.
    waiting.delete(key);
    const newest = before !== undefined && before.lsn > lsn ? before.lsn : lsn;
    waiting.set(key, { count: count + (before?.count ?? 0), lsn: newest });
  }

  #releaseApplied(): void {
    const released: PinCount[] = [];
    for (const [slice, waiting] of this.#waiting) {
      const applied = this.#applied.get(slice);
      if (applied === undefined) continue;
      for (const [key, { count, lsn }] of waiting) {
        if (lsn > applied) break;
        waiting.delete(key);
        released.push({ slice, key, count });
      }
    }
    if (released.length > 0) this.#options.onRelease(released);
  }

  #waitingIn(slice: string): Map<string, Waiting> {
    let waiting = this.#waiting.get(slice);
    if (!waiting) {
      waiting = new Map();
      this.#waiting.set(slice, waiting);
    }
    return waiting;
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function readPosition(text: string | undefined): bigint | undefined {
  try {
    return text === undefined ? undefined : parseLsn(text);
  } catch {
    return undefined;
  }
}

/** The names of slices contain no space. */
function pinName(slice: string, key: string): string {
  return `${slice} ${key}`;
}

function splitName(name: string): { slice: string; key: string } {
  const at = name.indexOf(' ');
  return { slice: name.slice(0, at), key: name.slice(at + 1) };
}
