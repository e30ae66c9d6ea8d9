/** What a session is given by the replication that runs it, what it reports to it, and what it shows of itself. */
import type { CopyProgress, SlotHealth } from '@ficus/core';
import type pg from 'pg';
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
  readonly source: pg.Pool;
  /** Forms of tables, and up to which commit the mapping has been compiled again for them. */
  readonly knownForms: Map<string, bigint>;
  /** Set while both sides are compared at one position. */
  readonly applyPause: ApplyPause | undefined;
  /** Since the last full comparison began. */
  readonly ledger: ChangeLedger | undefined;
  /** False once the source has refused to be read in large pieces. */
  mayCatchUp: boolean;
  /** A caller waits for a position: do not linger. */
  someoneWaits(): boolean;
  makeHeartbeats(stream: string): Heartbeats;
  /** The slot is ours, and the session begins behind the checkpoint. */
  begin(checkpoint: bigint): Positions;
  /** The stream runs. */
  started(prepared: PreparedStream, session: SessionStatus): void;
  /** The positions have moved past the batch. */
  applied(batch: Batch): void;
  progressed(): void;
}

/** What the status of a replication shows of the session that runs. */
export interface SessionStatus {
  /** Received, not yet on the target. */
  readonly pendingTransactions: number;
  readonly missingDeletes: number;
  readonly slotHealth: SlotHealth | undefined;
  copyProgress(): CopyProgress;
  /** Something that the next batch waits for may have happened. */
  signal(): void;
}
