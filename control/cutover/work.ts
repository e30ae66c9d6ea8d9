/** What the steps of one run share: the attempt, its ports, and what earlier steps found. */
import { type CutoverStep, type FenceState, FicusError } from '@ficus/core';
import type { AttemptReport, AttemptRow } from './attempt.ts';
import type { CutoverPorts, Sides } from './ports.ts';

export interface CutoverLimits {
  /** A proxy sends writes only this long after its last acknowledgement. */
  readonly leaseMs: number;
  /** From the hold until the journal; beyond it the attempt is abandoned. */
  readonly holdMs: number;
  /**
   * Longest wait of a held write. Much more than `holdMs`: abandoning takes time on a busy machine, and a control plane that
   * was killed in the hold needs some to start again.
   */
  readonly waitMs: number;
  /** For all proxies to acknowledge the attempt. */
  readonly ackMs: number;
  /** For uploads, event streams and tunnels on write routes to end, before anything is held. */
  readonly endlessMs: number;
  /** For the open transactions of writers to end. */
  readonly drainMs: number;
  /** Before the first try again of a step that has to succeed, doubled for each further one. */
  readonly retryMs: number;
}

export const DEFAULT_LIMITS: CutoverLimits = {
  leaseMs: 3_000,
  holdMs: 2_000,
  waitMs: 10_000,
  ackMs: 5_000,
  endlessMs: 30_000,
  drainMs: 1_000,
  retryMs: 50,
};

export interface Work {
  readonly row: AttemptRow;
  readonly ports: CutoverPorts;
  readonly limits: CutoverLimits;
  readonly sides: Sides;
  readonly notes: string[];
  /** Adds to what the journal keeps of the run. */
  report(found: AttemptReport): void;
  readonly found: Found;
  readonly timings: Partial<Record<CutoverStep, number>>;
  /** Until the hold is over. @throws FicusError FICUS_CUTOVER_TOO_SLOW */
  remainingMs(): number;
}

export interface Found {
  /** By `arm`. */
  oldFence?: FenceState;
  newFence?: FenceState;
  /** By `fence`. */
  barrier?: string;
  /** Begun by `barrier`. */
  unaltered?: Promise<boolean | undefined>;
  /** Begun by `verify`. */
  sequencesBehind?: Promise<readonly string[]>;
  /** Milliseconds of the ports' clock. */
  heldAt?: number;
  /** Whether the old owner's fence may have been turned to `hold`, by this run or an earlier one. */
  fenceTouched: boolean;
}

/** @throws FicusError FICUS_CUTOVER_TOO_SLOW */
export function remainingMs({ heldAt }: Found, { holdMs }: CutoverLimits, now: number): number {
  // Whole, as timers want it.
  const left = heldAt === undefined ? holdMs : Math.ceil(heldAt + holdMs - now);
  if (left > 0) return left;
  throw new FicusError('FICUS_CUTOVER_TOO_SLOW', `The hold has reached its bound of ${holdMs} ms.`);
}
