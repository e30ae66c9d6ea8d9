/** What the checks of arm see of an attempt. Each check is a file, and answers with what prevents the change. */
import type { ReplicationStatus, SliceConfig } from '@ficus/core';
import type { ReplicationPort } from '../../replications/replication-set.ts';
import type { VerifyOutcome } from '../../replications/verify-runs.ts';
import type { Attempt, Refusal } from '../attempt.ts';
import type { CutoverEngine } from '../cutover-engine.ts';
import type { OpenedSides } from '../open-sides.ts';
import type { SliceSides } from '../slice-sides.ts';

export interface KnownVerify {
  readonly mode: 'full' | 'changed' | 'sample' | 'recent';
  readonly verdict: 'match' | 'mismatch' | 'inconclusive' | null;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
}

export interface WritersVerdict {
  readonly answer: 'pass' | 'fail' | 'insufficient evidence';
  readonly text: string;
  readonly reasons: readonly string[];
}

export interface ArmContext {
  readonly attempt: Attempt;
  readonly config: SliceConfig;
  readonly places: SliceSides;
  readonly sides: OpenedSides;
  readonly engine: Pick<CutoverEngine, 'findObstacles'>;
  readonly signal: AbortSignal;
  /** The stream from the old owner to the new one, and the one back. */
  port(which: 'stream' | 'back'): ReplicationPort | undefined;
  status(which: 'stream' | 'back'): ReplicationStatus | undefined;
  /** Called whenever a status changes. Returns a function that unsubscribes. */
  onStatus(listener: () => void): () => void;
  /** Whether the candidate has had every row; undefined while not known. */
  copied(): boolean | undefined;
  /** Starts the stream from the candidate to the legacy, unless it runs. */
  armReverse(): Promise<void>;
  disarmReverse(): Promise<void>;
  /** Since when the stream back misses nothing, in milliseconds since the epoch; undefined before it has run. */
  reverseMadeAtMs(): number | undefined;
  lastVerify(): KnownVerify | undefined;
  /** Of all rows, as `ficus verify` does it. */
  verifyFull(): Promise<VerifyOutcome>;
  /** Of what changed since the last comparison that found both sides equal. */
  verifyRecent(): Promise<VerifyOutcome>;
  /** As the fences have it now; undefined where no inventory of writers is kept. */
  writers(): Promise<WritersVerdict | undefined>;
  /** A round trip to the control database, in milliseconds. */
  journalMs(): Promise<number>;
  now(): number;
  note(text: string): void;
}

export type ArmCheck = (context: ArmContext) => Promise<readonly Refusal[]>;
