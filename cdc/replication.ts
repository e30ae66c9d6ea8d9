/**
 * What the rest of Ficus sees of a slice's change stream. The control plane opens one replication per slice and
 * direction, watches its status, and asks it to wait for positions (read-your-writes, cutover's barrier).
 * Nothing here throws for trouble with a database: trouble is a state with a problem and a remedy in it.
 */
import type { ReplicationStatus, TableConfig } from '@ficus/core';
import type { Logger } from 'pino';
import type { ChangedRow } from './batch/change-ledger.ts';
import type { ReplicationSettings } from './replication-settings.ts';

export interface ReplicationOptions {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** The epoch this process believes in; a target that has seen a higher one refuses its writes. Default 1. */
  readonly epoch?: number;
  /** `reverse` streams the candidate's changes back to the legacy; it has a slot and checkpoint of its own. */
  readonly direction?: 'forward' | 'reverse';
  /** Directory that mapping modules are relative to: that of the config file. Default: the working directory. */
  readonly baseDir?: string;
  readonly logger?: Logger;
  /** Called with a fault of the engine itself, after it was logged; the stream continues. Must not throw. */
  readonly onFault?: (fault: Error) => void;
  readonly settings?: Partial<ReplicationSettings>;
}

export interface Replication {
  /** Ensures publication, slot and checkpoint, copies what is not copied, streams. Resolves when under way; problems go to the status. */
  start(): Promise<void>;
  status(): ReplicationStatus;
  /**
   * Calls back at once with the present status, then whenever it changes; at once when `appliedLsn` moves. Returns a
   * function that unsubscribes.
   */
  subscribe(listener: (status: ReplicationStatus) => void): () => void;
  /** The source's WAL insert position, `X/Y`: whatever was committed before is at or below it. */
  currentPosition(): Promise<string>;
  /** True once everything committed on the source before `lsn` is on the target; false after the timeout. */
  waitForPosition(lsn: string, timeoutMs: number): Promise<boolean>;
  /** Whether the first copy of every table is complete. */
  copied(): Promise<boolean>;
  /**
   * Pauses applying, to compare both sides at one position: take a snapshot of the source after this, let the target
   * `reach` the snapshot's position, take its snapshot, and resume. One at a time; the caller always resumes.
   */
  pause(): Pause;
  /**
   * Begins to keep the keys of rows that change, and forgets earlier ones; verifySlice calls it when it compares all.
   */
  recordChanges(): void;
  /**
   * Rows of a source table (`schema.table`) that have changed since. Undefined: they are not recorded in this process,
   * or another one has applied changes meanwhile.
   */
  changedRows(table: string): readonly ChangedRow[] | 'all' | undefined;
  stop(): Promise<void>;
  /**
   * Stops, then removes slot, publication and checkpoint: a later start copies again. Rows that the source has deleted
   * meanwhile would stay on the target; `emptyTarget` empties its tables.
   */
  drop(options?: { readonly emptyTarget?: boolean }): Promise<void>;
}

export interface Pause {
  /** True once exactly the transactions whose commit lies before `lsn` are on the target; false after the timeout. */
  reach(lsn: bigint, timeoutMs: number): Promise<boolean>;
  resume(): void;
}
