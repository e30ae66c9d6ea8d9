/**
 * Reports each target transaction that wrote rows to the caller that wants to know (`onBatch`), by a running session.
 * Batches that share a target transaction, the parts of a large transaction, are one report. Nothing is counted per row.
 */
import type { Batch } from '../batch/batch.ts';
import type { AppliedBatch } from '../replication.ts';

interface OpenReport {
  readonly startedAtMs: number;
  readonly startedAt: number;
  durationMs: number;
  transactions: number;
  rows: number;
  firstLsn: bigint;
  lastLsn: bigint;
}

export class BatchReports {
  readonly #stream: Pick<AppliedBatch, 'publication' | 'slot'>;
  readonly #lagMs: () => number;
  readonly #onBatch: (batch: AppliedBatch) => void;
  #open: OpenReport | undefined;

  constructor(
    stream: Pick<AppliedBatch, 'publication' | 'slot'>,
    lagMs: () => number,
    onBatch: (batch: AppliedBatch) => void,
  ) {
    this.#stream = stream;
    this.#lagMs = lagMs;
    this.#onBatch = onBatch;
  }

  /** A batch is about to be applied: a new target transaction, or the next part of the open one. */
  begin(): void {
    this.#open ??= {
      startedAtMs: Date.now(),
      startedAt: performance.now(),
      durationMs: 0,
      transactions: 0,
      rows: 0,
      firstLsn: 0n,
      lastLsn: 0n,
    };
  }

  /** The batch was applied, or could not be. */
  ended(batch: Batch): void {
    const open = this.#open;
    if (open === undefined) return;
    open.durationMs = performance.now() - open.startedAt;
    open.transactions += batch.transactions;
    open.rows += batch.changes;
    if (open.firstLsn === 0n) open.firstLsn = batch.firstLsn;
    if (batch.endLsn > open.lastLsn) open.lastLsn = batch.endLsn;
  }

  /** The target transaction has committed. */
  committed(): void {
    this.#report(undefined);
  }

  /** It was rolled back. */
  failed(error: unknown): void {
    this.#report(causeOf(error));
  }

  #report(error: string | undefined): void {
    const open = this.#open;
    this.#open = undefined;
    // Heartbeats alone, twice a second, tell nothing.
    if (open === undefined || open.rows === 0) return;
    const { startedAtMs, durationMs, transactions, rows, firstLsn, lastLsn } = open;
    this.#onBatch({
      ...this.#stream,
      startedAtMs,
      endedAtMs: startedAtMs + durationMs,
      transactions,
      rows,
      firstLsn,
      lastLsn,
      lagMs: this.#lagMs(),
      error,
    });
  }
}

/** One word: a message may name a row. */
function causeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
}
