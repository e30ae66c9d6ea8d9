/**
 * What the rest of Ficus sees of a slice's change stream. The control plane opens one replication per slice and
 * direction, watches its status, and has it wait for positions (read-your-writes, cutover's barrier). Trouble with a
 * database never throws here: it is a state with a problem and a remedy.
 */
import type { EmptiedTable, ReplicationProblem, ReplicationStatus, TableConfig } from '@ficus/core';
import type { Logger } from 'pino';
import type { ChangedRow } from './batch/change-ledger.ts';
import type { ReplicationSettings } from './replication-settings.ts';

/** What a stream creates on its source. */
export interface SourceNames {
  readonly slot: string;
  readonly publication: string;
}

/** One target transaction of the stream that wrote rows, or failed to: what a span says of it. */
export interface AppliedBatch {
  readonly publication: string;
  readonly slot: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Of the source. */
  readonly transactions: number;
  /** Changed rows, and truncated tables. */
  readonly rows: number;
  /** Where the commit of the first transaction begins in the source's WAL. */
  readonly firstLsn: bigint;
  /** Where the last transaction ends. */
  readonly lastLsn: bigint;
  /** How far behind the stream is, in milliseconds. */
  readonly lagMs: number;
  /** Why it was rolled back: FICUS_…, an SQLSTATE, or an error's name. */
  readonly error: string | undefined;
}

export interface ReplicationOptions {
  readonly slice: string;
  /** As in the config, in either direction. */
  readonly tables: readonly TableConfig[];
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /**
   * This process's epoch; a target that has seen a higher one refuses its writes. Its transactions carry it as their
   * mark, so that a fence of this epoch lets them pass. Default 1. `changeEpoch` raises it.
   */
  readonly epoch?: number;
  /**
   * `reverse` streams the candidate's changes back to the legacy, through the reverse of the tables' mapping: the
   * candidate is the source. It has a slot and a checkpoint of its own, and copies nothing: the legacy has all rows. So
   * it begins only when the forward stream has copied everything and is the candidate's only writer. A row that another
   * writer has written on the candidate before this stream's slot existed is not streamed back; only a comparison of
   * all rows that began later than the slot was made shows that there is none.
   */
  readonly direction?: 'forward' | 'reverse';
  /** Base directory of mapping modules: that of the config file. Default: the working directory. */
  readonly baseDir?: string;
  readonly logger?: Logger;
  /** Called with a fault of the engine itself, after logging it; the stream continues. Must not throw. */
  readonly onFault?: (fault: Error) => void;
  /** Called after each target transaction that wrote rows, or failed to. Must not throw. */
  readonly onBatch?: ((batch: AppliedBatch) => void) | undefined;
  /**
   * Called, and awaited, with the names of slot and publication before either is created, and at each later start: what
   * is not recorded is not created, so that everything on the source can be found and removed later.
   */
  readonly record?: (names: SourceNames) => Promise<void>;
  readonly settings?: Partial<ReplicationSettings>;
}

export interface Replication {
  /**
   * Ensures publication, slot and checkpoint, copies what is missing, streams. Resolves once under way; problems go to
   * the status. A stream that an error stopped that is never retried (`retry: never`) starts again only here.
   */
  start(): Promise<void>;
  status(): ReplicationStatus;
  /**
   * Calls back at once with the present status, then on every change, and immediately when `appliedLsn` moves. Returns
   * a function that unsubscribes.
   */
  subscribe(listener: (status: ReplicationStatus) => void): () => void;
  /** The source's WAL insert position, `X/Y`: everything committed so far is at or below it. */
  currentPosition(): Promise<string>;
  /** True once everything committed on the source before `lsn` is on the target; false after the timeout. */
  waitForPosition(lsn: string, timeoutMs: number): Promise<boolean>;
  /**
   * Like `waitForPosition`, and what was applied survives a crash of the target: what a cutover waits for before it
   * changes the owner. Woken, not polled.
   */
  waitForDurable(lsn: string, timeoutMs: number): Promise<boolean>;
  /**
   * Raises the epoch between two transactions, while the stream runs; one that does not run raises it when it starts.
   * A process with an older epoch commits nothing afterwards.
   * @returns true once the target has it, durably; false after the timeout: the stream still raises it as soon as it can
   * @throws RangeError when it was told a higher one before
   */
  changeEpoch(epoch: number, timeoutMs: number): Promise<boolean>;
  /**
   * Looks at the tables on both sides now, as the running stream does about every second.
   * @returns false when a table was altered, so that the stream starts again, and when rows left one with a partition since
   *   the look before this one, which is in no stream; undefined when no stream runs, or it cannot look
   */
  lookAtTables(): Promise<boolean | undefined>;
  /** Sends a message through the source's WAL, the stream, and the target's checkpoint. Never rejects. */
  proveRoundTrip(timeoutMs: number): Promise<RoundTrip>;
  /** Whether the first copy of every table is complete. */
  copied(): Promise<boolean>;
  /**
   * Pauses applying, to compare both sides at one position: take a snapshot of the source after this, let the target
   * `reach` the snapshot's position, take its snapshot, and resume. One pause at a time; the caller always resumes.
   */
  pause(): Pause;
  /**
   * Starts recording the keys of changed rows, and forgets earlier ones; verifySlice calls it for a full comparison.
   */
  recordChanges(): void;
  /** A comparison begins; verifySlice calls it before it fixes the position at which both sides are compared. */
  beginComparison(): RecordedChanges;
  stop(): Promise<void>;
  /**
   * Stops, then removes slot, publication and checkpoint: a later start copies again. Rows that the source deletes
   * meanwhile would stay on the target, so `emptyTarget` also empties its tables.
   */
  drop(options?: { readonly emptyTarget?: boolean }): Promise<readonly EmptiedTable[]>;
}

/** What has changed by the beginning of a comparison. */
export interface RecordedChanges {
  /**
   * Rows of a source table (`schema.table`) that have changed since the last full comparison began, or since the last one
   * of any kind that found them equal began. Undefined when this process does not record them, when another one has
   * applied changes meanwhile, or when nothing has been found equal since the last full one began.
   */
  changed(table: string, since: 'full' | 'equal'): readonly ChangedRow[] | 'all' | undefined;
  /** All of them are equal on both sides: the next comparison `since` equal has only what changes later. */
  areEqual(): void;
}

export type RoundTrip =
  | { readonly arrived: true; readonly tookMs: number }
  | { readonly arrived: false; readonly problem: ReplicationProblem };

export interface Pause {
  /** True once exactly the transactions whose commit lies before `lsn` are on the target; false after the timeout. */
  reach(lsn: bigint, timeoutMs: number): Promise<boolean>;
  resume(): void;
}
