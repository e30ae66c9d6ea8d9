/** What a comparison covers, and what it needs from the stream between both databases. */
import type { TableConfig } from '@ficus/core';
import type { Pause, RecordedChanges } from '../replication.ts';
import type { WaitForApplied } from './snapshot.ts';
import type { RowKey, VerifyProgress, VerifyResume } from './verify-report.ts';

export type VerifyMode =
  | 'full'
  /** The rows that have changed since the last full run with the same `stream`, in this process. */
  | 'changed'
  /** Those that have changed since the last run of any kind that found its rows equal, after a full one. */
  | 'recent'
  /** About this many rows of each side, sampled over all tables. */
  | { readonly sample: number }
  /** Target table (`schema.table`) → its keys to compare, for instance those changed since the last full run. */
  | { readonly keys: Readonly<Record<string, readonly RowKey[]>> };

export interface VerifyOptions {
  readonly slice: string;
  /** As in the config, in either direction. */
  readonly tables: readonly TableConfig[];
  /** `reverse`: the candidate is the source, and the legacy the target. Default `forward`. */
  readonly direction?: 'forward' | 'reverse';
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /**
   * Waits until the stream has applied a position (Replication.waitForPosition). Without it both sides are compared as
   * they stand, which is correct only while there are no writes.
   */
  readonly waitForApplied?: WaitForApplied;
  /** The stream itself (a Replication): both sides are then compared at one position of the source. */
  readonly stream?: PausableStream & Partial<RecordingStream>;
  readonly mode: VerifyMode;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly resume?: VerifyResume;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string;
  readonly settings?: Partial<VerifySettings>;
}

export interface VerifySettings {
  /** Rows per range. */
  readonly rangeRows: number;
  /** Differences that the report lists; the rest is only counted. */
  readonly maxListed: number;
  /** Differing rows after which the comparison of a table stops. */
  readonly maxSuspects: number;
  /** How long the stream may take to pass a position. */
  readonly waitTimeoutMs: number;
}

export const DEFAULT_VERIFY_SETTINGS: VerifySettings = {
  rangeRows: 20_000,
  maxListed: 100,
  maxSuspects: 10_000,
  waitTimeoutMs: 30_000,
};

/** What a comparison needs of a stream; Replication provides it. */
export interface PausableStream {
  pause(): Pause;
}

/** What a comparison of changed rows needs of a stream; Replication provides it. */
export interface RecordingStream {
  recordChanges(): void;
  beginComparison(): RecordedChanges;
}
