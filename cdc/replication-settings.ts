/** Settings of one replication. The defaults suit every user; tests and benchmarks change them. */
export interface ReplicationSettings {
  /** How often a heartbeat travels through the source's WAL to the target. */
  readonly heartbeatMs: number;
  /** Most rows of one chunk of the first copy; of large rows it has fewer. */
  readonly copyChunkRows: number;
  /** Tables copied at the same time. */
  readonly copyParallel: number;
  /** Upper bound of the first copy's rate; 0 is as fast as it goes. */
  readonly copyRowsPerSecond: number;
  /** The first copy waits while the stream is further behind than this. */
  readonly copyPauseLagMs: number;
  /** Bytes of the stream held in memory for one target transaction; several are in flight at most twice. */
  readonly batchBytes: number;
  /**
   * A batch of so many rows waits for no more. While it is applied the next one gathers, so that batches of a stream
   * far behind grow by themselves; a target that waits for larger ones is idle meanwhile.
   */
  readonly batchRows: number;
  /** How long a batch may wait for more rows while the stream is behind; an idle stream never waits. */
  readonly batchLingerMs: number;
  /** Backlog above which a stream begins by fetching changes in large pieces. */
  readonly catchUpBytes: number;
  /** How often what is applied is made durable on the target and acknowledged to the source. */
  readonly acknowledgeMs: number;
  /** How often the slot is checked. */
  readonly slotCheckMs: number;
  /** How long a database may owe an answer before it is asked, on a new connection, whether it is there. */
  readonly answerMs: number;
  /** First and last pause between attempts to connect again. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** How often a standby process tries for the slot, and a stopped stream retries. */
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
  slotCheckMs: 5_000,
  answerMs: 10_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 5_000,
  retryMs: 1_000,
};
