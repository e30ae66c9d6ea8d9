/** What a session is given by the replication that runs it, and what it tells that replication. */
import type pg from 'pg';
import type { Batch } from '../batch/batch.ts';
import type { ChangeLedger } from '../batch/change-ledger.ts';
import type { ReplicationOptions } from '../replication.ts';
import type { ReplicationSettings } from '../replication-settings.ts';
import type { ApplyPause } from './apply-pause.ts';
import type { Heartbeats } from './heartbeat.ts';
import type { PreparedStream } from './prepare-stream.ts';
import type { Session } from './session.ts';

export interface SessionHost {
  readonly options: ReplicationOptions;
  readonly settings: ReplicationSettings;
  readonly source: pg.Pool;
  /** End of the last transaction on the target. */
  readonly appliedLsn: bigint;
  /** Forms of tables, and up to which commit the mapping has been compiled again for them. */
  readonly knownForms: Map<string, bigint>;
  /** Set while both sides are compared at one position. */
  readonly applyPause: ApplyPause | undefined;
  /** Since the last full comparison began. */
  readonly ledger: ChangeLedger | undefined;
  /** False once the source has refused to be read in large pieces. */
  mayCatchUp: boolean;
  /** Somebody waits for a position: do not linger. */
  someoneWaits(): boolean;
  makeHeartbeats(stream: string): Heartbeats;
  /** The slot is ours and the stream runs. */
  started(prepared: PreparedStream, session: Session): void;
  applied(lsn: bigint, batch: Batch): void;
  progressed(): void;
}
