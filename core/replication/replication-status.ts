/** The status of a slice's change stream, as the CDC engine reports it and the control plane shows it. */
export type ReplicationState =
  | 'starting'
  | 'copying'
  | 'streaming'
  /** Another process holds the slot; this one waits until it is released. */
  | 'standby'
  /** A connection is down; it is retried automatically. */
  | 'reconnecting'
  /** An operator has to fix something; `problem` says what. */
  | 'stopped';

export interface ReplicationStatus {
  readonly slice: string;
  readonly state: ReplicationState;
  /** Last source position whose changes are committed on the target, as `X/Y`; acknowledged only once durable. */
  readonly appliedLsn: string;
  /** End of the source's WAL when last asked, as `X/Y`. */
  readonly sourceLsn: string;
  /** WAL between the two, in bytes. */
  readonly lagBytes: number;
  /**
   * Time that the last heartbeat took to come back through the target, or more when the next one is overdue;
   * milliseconds.
   */
  readonly lagMs: number;
  readonly transactionsApplied: number;
  readonly rowsApplied: number;
  /** Transactions received and not yet on the target. */
  readonly lagTransactions?: number;
  /** Deletes of rows that the target did not have: with one writer there are none. */
  readonly missingDeletes?: number;
  readonly slot?: SlotHealth | undefined;
  readonly copy: CopyProgress | undefined;
  readonly problem: ReplicationProblem | undefined;
}

/** A table of the target that was emptied before a new copy. */
export interface EmptiedTable {
  /** `schema.table` */
  readonly table: string;
  /** Counted up to 100,000; 100,001 stands for more. */
  readonly rows: number;
}

export interface CopyProgress {
  readonly rowsCopied: number;
  /** Estimate from the catalog; may be off by some percent. */
  readonly rowsTotal: number;
  readonly rowsPerSecond: number;
  readonly done: boolean;
}

export interface ReplicationProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** How the source sees the stream's replication slot. */
export interface SlotHealth {
  readonly name: string;
  /** PostgreSQL's term: `reserved`, `extended`, `unreserved` (at risk) or `lost`. */
  readonly walStatus: string;
  /** WAL that the source keeps because of this slot, in bytes. */
  readonly retainedBytes: number;
  /** WAL that the stream has not acknowledged, in bytes, as the control plane last saw it. */
  readonly behindBytes?: number | undefined;
  /**
   * WAL that may still be written before the slot is lost, in bytes; undefined when the source sets no limit.
   */
  readonly roomBytes: number | undefined;
}
