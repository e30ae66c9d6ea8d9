/**
 * The writes of each slice in one worker, from the moment in which they leave the gate until they are over:
 *
 *     leaves ──its connection is there──▶ in flight ──answered──▶ over
 *                                            └──lost, or timed out──▶ in flight for as long as it may still be executed
 *
 * Invariant: what may change the owner's database is in flight. A hold is drained when nothing is. Requests call it
 * through WritePins; the hold's reports, the gate and the inventory of writers read it.
 */
import type { BusyInterval, EndlessWrites } from '@ficus/core';
import { mergeBusy } from './busy-time.ts';

/** A write that has been under way for longer may not end soon. */
export const LASTING_MS = 2_000;

export interface SliceWrite {
  readonly slices: readonly string[];
  /** Whose write it is; undefined where that is not known, and where others may be the same. */
  readonly caller: string | undefined;
  /** Its place among all writes of the worker. */
  readonly turn: number;
  /** This and the two below are set by SliceWrites alone. */
  inFlight: boolean;
  /** Milliseconds since the epoch at which it was sent. */
  sentAtMs: number;
  /** The request is over; an attempt may not be. */
  isOver: boolean;
  /** Its answer is an event stream, or it became a tunnel. */
  readonly endless: boolean;
  /** Name of its route, where this slice counts it. */
  routeIn(slice: string): string;
}

interface OneSlice {
  readonly underWay: Set<SliceWrite>;
  inFlight: number;
  /** Of those: attempts that have ended for their client. */
  readonly orphaned: Set<SliceWrite>;
  observed: boolean;
  busyFromMs: number;
  busy: BusyInterval[];
}

interface SliceWritesParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly later: (action: () => void, ms: number) => void;
}

export class SliceWrites {
  /** Called when the number in flight changes; undefined while nobody counts. */
  onChange: (() => void) | undefined = undefined;
  readonly #parts: SliceWritesParts;
  readonly #slices = new Map<string, OneSlice>();

  constructor(parts: SliceWritesParts) {
    this.#parts = parts;
  }

  /** The write has passed the gate; it may wait for a connection. */
  leaves(write: SliceWrite): void {
    for (const slice of write.slices) this.#of(slice).underWay.add(write);
  }

  /** It has not been sent, and waits at the gate again. */
  returns(write: SliceWrite): void {
    for (const slice of write.slices) this.#slices.get(slice)?.underWay.delete(write);
  }

  /** Called before its first byte is sent, also when it is sent again on another connection. */
  sends(write: SliceWrite): void {
    if (write.inFlight || write.slices.length === 0) return;
    write.inFlight = true;
    write.sentAtMs = this.#parts.now();
    for (const slice of write.slices) this.#begins(this.#of(slice), write.sentAtMs);
    this.onChange?.();
  }

  /** @param afterMs how long an attempt that has ended may still be executed */
  attemptEnds(write: SliceWrite, afterMs: number): void {
    if (!write.inFlight) return;
    write.inFlight = false;
    for (const slice of write.slices) {
      const one = this.#of(slice);
      if (write.isOver) one.underWay.delete(write);
      if (afterMs === 0) this.#ends(one);
      else this.#linger(one, slice, write, afterMs);
    }
    this.onChange?.();
  }

  /** The request is over. One that the proxy gave up itself may still be in flight. */
  ends(write: SliceWrite): void {
    write.isOver = true;
    if (!write.inFlight) this.returns(write);
  }

  inFlight(slice: string): number {
    return this.#slices.get(slice)?.inFlight ?? 0;
  }

  /** Of those in flight, the ones whose client waits for no answer any longer. */
  orphaned(slice: string): number {
    return this.#slices.get(slice)?.orphaned.size ?? 0;
  }

  /** Writes that have passed the gate, sent or not. */
  underWay(slice: string): Iterable<SliceWrite> {
    return this.#slices.get(slice)?.underWay ?? [];
  }

  /** By series: slices with writes in flight. */
  gauges(): Record<string, number> {
    const busy = [...this.#slices].filter(([, { inFlight }]) => inFlight > 0);
    return Object.fromEntries(
      busy.map(([slice, { inFlight }]) => [`ficus_writes_in_flight{slice="${slice}"}`, inFlight]),
    );
  }

  /** By route, those that a client waits for; undefined when there are none. */
  endless(slice: string): EndlessWrites | undefined {
    const lastingSince = this.#parts.now() - LASTING_MS;
    const routes: Record<string, number> = {};
    for (const write of this.underWay(slice)) {
      if (!write.inFlight || !(write.endless || write.sentAtMs < lastingSince)) continue;
      if (this.#slices.get(slice)!.orphaned.has(write)) continue;
      const route = write.routeIn(slice);
      routes[route] = (routes[route] ?? 0) + 1;
    }
    return Object.keys(routes).length === 0 ? undefined : routes;
  }

  /** Keeps the times of these slices' writes from now on, and forgets those of others. */
  observe(slices: ReadonlySet<string>): void {
    for (const slice of slices) this.#of(slice);
    for (const [slice, one] of this.#slices) {
      if (one.observed === slices.has(slice)) continue;
      one.observed = slices.has(slice);
      one.busy = [];
      one.busyFromMs = this.#parts.now();
    }
  }

  /** When observed slices had writes in flight since the last call; those that still have end now. */
  takeBusy(): Readonly<Record<string, readonly BusyInterval[]>> {
    const taken: Record<string, readonly BusyInterval[]> = {};
    const now = this.#parts.now();
    for (const [slice, one] of this.#slices) {
      if (!one.observed) continue;
      if (one.inFlight > 0) this.#busyUntil(one, now);
      taken[slice] = mergeBusy(one.busy);
      one.busy = [];
      one.busyFromMs = now;
    }
    return taken;
  }

  #of(slice: string): OneSlice {
    let one = this.#slices.get(slice);
    if (one === undefined) {
      one = {
        underWay: new Set(),
        inFlight: 0,
        orphaned: new Set(),
        observed: false,
        busyFromMs: 0,
        busy: [],
      };
      this.#slices.set(slice, one);
    }
    return one;
  }

  #begins(one: OneSlice, nowMs: number): void {
    if (one.inFlight === 0) one.busyFromMs = nowMs;
    one.inFlight += 1;
  }

  #ends(one: OneSlice): void {
    one.inFlight -= 1;
    if (one.inFlight === 0 && one.observed) this.#busyUntil(one, this.#parts.now());
  }

  #busyUntil(one: OneSlice, nowMs: number): void {
    one.busy.push([one.busyFromMs, Math.max(one.busyFromMs, nowMs)]);
    if (one.busy.length >= 256) one.busy = [...mergeBusy(one.busy)];
  }

  /** The attempt stays in flight in place of the write, which may be sent again, or be over. */
  #linger(one: OneSlice, slice: string, write: SliceWrite, afterMs: number): void {
    const route = write.routeIn(slice);
    const attempt: SliceWrite = {
      slices: [slice],
      inFlight: true,
      sentAtMs: write.sentAtMs,
      isOver: true,
      endless: false,
      caller: undefined,
      turn: 0,
      routeIn: () => route,
    };
    one.underWay.add(attempt);
    one.orphaned.add(attempt);
    this.#parts.later(() => {
      one.orphaned.delete(attempt);
      this.attemptEnds(attempt, 0);
    }, afterMs);
  }
}
