/** A gate whose clock, siblings, slice states and leases the test controls, and writes that note what becomes of them. */
import { INITIAL_SLICE_STATE, type SliceState } from '@ficus/core';
import type { Leases } from '../hold/evaluate-passage.ts';
import { SliceWrites } from '../hold/slice-writes.ts';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { GatedWrite } from '../snapshot/request-host.ts';
import { SliceStates } from './slice-states.ts';
import { HOLD_BOUNDS, type HoldBounds, WriteGate } from './write-gate.ts';

export const open = (owner: 'legacy' | 'candidate', epoch: number): SliceState => ({
  owner,
  epoch,
  writes: 'open',
});
export const ATTEMPT = { owner: 'legacy', epoch: 1, attempt: 4, leaseMs: 1_000, waitMs: 5_000 } as const;
export const held: SliceState = { ...ATTEMPT, writes: 'held' };
export const leased: SliceState = { ...ATTEMPT, writes: 'leased' };

export class TestWrite implements GatedWrite {
  readonly slices: readonly string[];
  readonly caller: string | undefined;
  readonly bytes: number;
  readonly endless = false;
  turn = 0;
  heldSinceMs: number | undefined = undefined;
  abandoned = false;
  inFlight = false;
  sentAtMs = 0;
  isOver = false;
  /** The state of its first slice, by which it was decided, for each time it left. */
  readonly decidedBy: SliceState[] = [];
  refusal: ProblemAnswer | undefined = undefined;
  onLeave: (() => void) | undefined = undefined;
  readonly #stateOf: (slice: string) => SliceState;

  constructor(
    stateOf: (slice: string) => SliceState,
    { slices = ['notes'], caller = 'ada' as string | null, bytes = 100 } = {},
  ) {
    this.#stateOf = stateOf;
    this.slices = slices;
    this.caller = caller ?? undefined;
    this.bytes = bytes;
  }

  get allPins() {
    return this.slices.map((slice) => ({ slice, key: this.caller ?? 'anybody' }));
  }

  get hasLeft(): boolean {
    return this.decidedBy.length > 0;
  }

  routeIn(): string {
    return 'add';
  }

  leave(refusal: ProblemAnswer | undefined): void {
    this.refusal = refusal;
    if (refusal !== undefined) return;
    this.decidedBy.push(this.#stateOf(this.slices[0]!));
    this.onLeave?.();
  }
}

export function makeGate(bounds: Partial<HoldBounds> = {}) {
  const clock = { now: 0 };
  const states: Record<string, SliceState> = { notes: open('legacy', 1) };
  const slices = new SliceStates(states, {}, () => clock.now);
  const pinning: (() => void)[] = [];
  const timers = new Set<{ action: () => void; at: number }>();
  const counted: string[] = [];
  let everywhere = true;
  const later = (action: () => void, ms: number) => {
    const timer = { action, at: clock.now + ms };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const writes = new SliceWrites({ now: () => clock.now, later });
  const gate = new WriteGate({
    pins: {
      begin: (_, pinned) => {
        if (everywhere) pinned();
        else pinning.push(pinned);
      },
      end: () => {},
    },
    passage: (slice) => slices.passage(slice),
    waitMs: (slice) => slices.waitMs(slice),
    underWay: (slice) => writes.underWay(slice),
    now: () => clock.now,
    count: (series) => counted.push(series),
    later,
    onChange: () => {},
    bounds: { ...HOLD_BOUNDS, ...bounds },
  });
  const stateOf = (slice: string): SliceState => states[slice] ?? INITIAL_SLICE_STATE;
  const make = (options?: ConstructorParameters<typeof TestWrite>[1]) => new TestWrite(stateOf, options);
  return {
    gate,
    writes,
    clock,
    counted,
    timers,
    passage: (slice: string) => slices.passage(slice),
    make,
    enter: (options?: ConstructorParameters<typeof TestWrite>[1]): TestWrite => {
      const write = make(options);
      gate.enter(write);
      return write;
    },
    set: (state: SliceState, slice = 'notes'): void => {
      states[slice] = state;
      slices.replace(states);
      gate.release();
    },
    renew: (leases: Leases): void => {
      slices.renew(leases);
      gate.release();
    },
    waitForSiblings: () => {
      everywhere = false;
    },
    siblingsPin: () => {
      for (const pinned of pinning.splice(0)) pinned();
    },
    /** Time passes; what is due happens, in its order. */
    pass: (ms: number): void => {
      const until = clock.now + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        clock.now = Math.max(clock.now, due.at);
        due.action();
      }
      clock.now = until;
    },
  };
}
