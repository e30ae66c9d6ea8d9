/**
 * May a write of this slice be sent now? Pure; asked by the gate in the turn in which a write leaves, and again right
 * before it is sent.
 */
import type { SliceState } from '@ficus/core';

/** What the control plane has granted to this proxy, by the answer to a report. */
export interface Lease {
  readonly attempt: number;
  /** By `steadyMs`. */
  readonly untilMs: number;
}

export type Leases = Readonly<Record<string, Lease>>;

export type Passage =
  | 'pass'
  /** The owner is changing. */
  | 'held'
  /** The coordinator may have counted this proxy out. */
  | 'no-lease';

/** @param now is read only while the slice is leased */
export function evaluatePassage(state: SliceState, lease: Lease | undefined, now: () => number): Passage {
  switch (state.writes) {
    case 'open':
      return 'pass';
    case 'held':
      return 'held';
    case 'leased':
      return lease?.attempt === state.attempt && now() < lease.untilMs ? 'pass' : 'no-lease';
  }
}
