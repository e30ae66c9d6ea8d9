/** Settings of one replication. The defaults suit every user; only tests and benchmarks change them. */
export interface ReplicationSettings {
  /** How often a heartbeat travels through the source's WAL to the target. */
  readonly heartbeatMs: number;
  /** Maximum rows per chunk of the first copy; chunks of large rows have fewer. */
  readonly copyChunkRows: number;
  /** Tables copied at the same time. */
  readonly copyParallel: number;
  /** Upper bound of the first copy's rate; 0 means unlimited. */
  readonly copyRowsPerSecond: number;
  /** The first copy waits while the stream is further behind than this. */
  readonly copyPauseLagMs: number;
  /** Bytes of the stream held in memory for one target transaction; at most two are in memory at once. */
  readonly batchBytes: number;
  /**
   * A batch of this many rows waits for no more. The next batch grows while this one is applied, so that batches of a
   * stream far behind grow on their own; a target that waits for larger ones would be idle.
   */
  readonly batchRows: number;
  /** How long a batch may wait for more rows while the stream is behind; an idle stream never waits. */
  readonly batchLingerMs: number;
  /** Backlog above which a stream starts by fetching changes in large pieces. */
  readonly catchUpBytes: number;
  /** How often applied changes are made durable on the target and acknowledged to the source. */
  readonly acknowledgeMs: number;
  /** How often the slot, the publication and the tables are checked. */
  readonly slotCheckMs: number;
  /** How long these checks may fail before the status says so. */
  readonly unwatchedMs: number;
  /** How long a database may owe an answer before a new connection checks whether it is alive. */
  readonly answerMs: number;
  /** First and last pause between reconnection attempts. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** How often a standby process tries to take the slot, and a stopped stream retries. */
  readonly retryMs: number;
}

export const DEFAULT_SETTINGS: ReplicationSettings = {
  heartbeatMs: 500,
  copyChunkRows: 20_000,
  copyParallel: 2,
  copyRowsPerSecond: 0,
  copyPauseLagMs: 10_000,
  batchBytes: 24 * 1024 * 1024,
  batchRows: 10_000,
  batchLingerMs: 100,
  catchUpBytes: 8 * 1024 * 1024,
  acknowledgeMs: 1_000,
  slotCheckMs: 1_000,
  unwatchedMs: 30_000,
  answerMs: 10_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 5_000,
  retryMs: 1_000,
};
