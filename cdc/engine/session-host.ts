/**
 * What a replication passes to the session that it runs, what the session reports back, and what it shows of itself.
 */
import type { CopyProgress, ReplicationProblem, SlotHealth } from '@ficus/core';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Batch } from '../batch/batch.ts';
import type { ChangeLedger } from '../batch/change-ledger.ts';
import type { Positions } from '../positions.ts';
import type { ReplicationOptions } from '../replication.ts';
import type { ReplicationSettings } from '../replication-settings.ts';
import type { ApplyPause } from './apply-pause.ts';
import type { Heartbeats } from './heartbeat.ts';
import type { PreparedStream } from './prepare-stream.ts';

export interface SessionHost {
  readonly options: ReplicationOptions;
  readonly settings: ReplicationSettings;
  readonly logger: Logger;
  /** What the stream's epoch is to be; raised while a session runs. */
  readonly epoch: number;
  readonly source: pg.Pool;
  /** Shapes of tables, and up to which commit the mapping has been compiled again for them. */
  readonly knownShapes: Map<string, bigint>;
  /** Set while both sides are being compared at one position. */
  readonly applyPause: ApplyPause | undefined;
  /** Changed keys since the last full comparison began. */
  readonly ledger: ChangeLedger | undefined;
  /** False once the source has refused catch-up in large pieces. */
  mayCatchUp: boolean;
  /** A caller is waiting for a position: do not wait for a fuller batch. */
  hasWaiters(): boolean;
  makeHeartbeats(stream: string): Heartbeats;
  /** A caller is waiting until this position is durable on the target. */
  awaitsDurable(lsn: bigint): boolean;
  /** The slot is ours, and the session begins at the checkpoint. */
  begin(checkpoint: bigint): Positions;
  /** The checkpoint has this epoch, durably. */
  epochIs(epoch: number): void;
  /** Everything applied so far is durable. */
  durable(): void;
  /** The stream is running. */
  started(prepared: PreparedStream, session: SessionStatus): void;
  /** The positions have moved past the batch. */
  applied(batch: Batch): void;
  progressed(): void;
  /** A side can no longer be checked while the stream runs; undefined: it can again. */
  unwatched(side: 'source' | 'target', problem: ReplicationProblem | undefined): void;
}

/** What a replication's status shows of the running session. */
export interface SessionStatus {
  /** Received, but not on the target yet. */
  readonly pendingTransactions: number;
  readonly missingDeletes: number;
  readonly slotHealth: SlotHealth | undefined;
  /** Transactions of the source that the first copy waits for. */
  readonly waitsFor: readonly string[];
  /** Tables of the target, quoted for SQL, that a TRUNCATE waits for without a place in the server's queue. */
  readonly waitsToEmpty: readonly string[];
  /** Tables whose copy begins again if the session ends now. */
  readonly unfinishedWhole: readonly string[];
  copyProgress(): CopyProgress;
  /** As of a replication. */
  lookAtTables(): Promise<boolean | undefined>;
  /** Something that the next batch waits for may have happened. */
  signal(): void;
}
