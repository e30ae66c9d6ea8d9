/**
 * What a session needs of a source of changes: batches of whole transactions in commit order, and a way to say what the
 * source may discard. engine/pgoutput-source implements it on a replication slot. A source with other messages
 * (Debezium's topics) writes each row as a tuple (decode/tuple, encodeTuple) and hands it to a BatchBuilder; everything
 * downstream stays the same.
 */
import type { Batch } from './batch.ts';

export interface SourceListener {
  /** A batch can be taken. */
  ready(): void;
  /** No more changes will arrive. */
  failed(error: unknown): void;
}

export interface ChangeSource {
  /** Starts delivering changes from behind `received`. */
  start(listener: SourceListener): void;
  /** What has arrived since the last take. */
  readonly gathering: Batch;
  /** A batch can be taken. */
  readonly isReady: boolean;
  /** Nothing more gets into the batch, however long the caller waits. */
  readonly isFull: boolean;
  take(): Batch;
  /** The batch has been processed; its memory may be reused. */
  release(batch: Batch): void;
  /** The source continues only when everything received is durable on the target. */
  readonly awaitsTarget: boolean;
  /** Whether a new session would reach the end of the source's WAL sooner than this one. */
  wouldRestartPay(behindBytes: number): boolean;
  /** The source may discard everything up to `durable`. */
  acknowledge(): void;
  /** The same at an orderly end, whatever state the source is in. */
  finish(): Promise<void>;
}
