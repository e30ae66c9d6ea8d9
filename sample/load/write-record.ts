/**
 * What a client saw of a write. All times are milliseconds since 1970 on the machine's clock, so that
 * records of several processes compare.
 */

/** A write, by a client through HTTP or by a side door; its key is known before it is sent, and unique. */
export interface WriteRecord {
  readonly key: string;
  /** When it was due: latency counts from here. */
  readonly dueAt: number;
  readonly endedAt: number;
  /** Acknowledged to its writer; otherwise `failure` says why not. */
  readonly acknowledged: boolean;
  /** A status (`status 503`), an SQLSTATE, or what the connection reported; empty for an acknowledged write. */
  readonly failure: string;
  /** `x-ficus-side` of the answer; empty where nothing says it. */
  readonly side: string;
}

/** performance.now() on the machine's clock. */
export function onMachineClock(performanceMs: number): number {
  return performance.timeOrigin + performanceMs;
}
