/**
 * One cutover or rollback, as the journal keeps it. The journal in the control database is the only truth: fences, proxies
 * and streams are brought in line with it, never the other way round.
 */
import type { CutoverStep, ErrorCode, Side } from '@ficus/core';

export type Operation = 'cutover' | 'rollback';

export type AttemptOutcome =
  /** The new owner takes the writes. */
  | 'done'
  /** Before the journal step: all is as it was. */
  | 'abandoned'
  /** A dry run: ended before the hold, as intended. */
  | 'rehearsed';

/** What is fixed when an attempt begins. */
export interface Attempt {
  readonly id: number;
  readonly slice: string;
  readonly operation: Operation;
  /** The owner before it. */
  readonly from: Side;
  /** The owner after it. */
  readonly to: Side;
  /** The slice's epoch before it. */
  readonly fromEpoch: number;
  /** The slice's epoch after it; higher than any that an attempt of the slice ever had. */
  readonly epoch: number;
  /** Ends before the hold. */
  readonly rehearsal: boolean;
  /** It was confirmed that a rollback may lose what is written afterwards. */
  readonly noWayBack: boolean;
  readonly actor: string;
  readonly reason: string;
}

/** Step → its duration in milliseconds: from its first try to the end of its last. */
export type Timings = Readonly<Partial<Record<CutoverStep, number>>>;

/** What a run found besides. */
export interface AttemptReport {
  /** Everything that arm refused for. */
  readonly refusals?: readonly Refusal[];
  /** Of what arm has noted: what the attempt before had noted, too. */
  readonly asBefore?: readonly string[];
  /** Of a rehearsal. */
  readonly estimate?: readonly PausePart[];
  readonly endless?: readonly EndlessWrite[];
  /** Of steps that were tried more than once by one process: how often. */
  readonly tries?: Readonly<Partial<Record<CutoverStep, number>>>;
}

export interface Refusal {
  readonly code: ErrorCode;
  /** In one sentence. */
  readonly message: string;
}

/** Measured while nothing is held: what it would add to the pause of writes, in milliseconds. */
export interface PausePart {
  readonly part: 'proxies' | 'fence' | 'barrier' | 'verify' | 'sequences' | 'journal' | 'lift';
  readonly ms: number;
}

/** Writes that may not end soon: a hold would wait for them until its bound. */
export interface EndlessWrite {
  readonly proxy: string;
  readonly route: string;
  readonly requests: number;
}

/** What the journal keeps of a run besides its end. */
export interface AttemptRecord {
  readonly timings: Timings;
  /** What is to be known besides: one sentence each. */
  readonly notes: readonly string[];
  readonly report: AttemptReport;
}

export interface AttemptFailure {
  readonly step: CutoverStep;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface AttemptRow extends Attempt, AttemptRecord {
  /** The last step that the journal knows to have begun. */
  readonly step: CutoverStep;
  readonly outcome: AttemptOutcome | null;
  readonly failure: AttemptFailure | null;
  /** Position of the barrier in the old owner's WAL, `X/Y`. */
  readonly barrier: string | null;
  /** ISO times. */
  readonly startedAt: string;
  /** Point of no return; null before it. */
  readonly journaledAt: string | null;
  /** Null while it is under way, also while it is undone. */
  readonly finishedAt: string | null;
}
