/** How long requests took inside a window of time, and how many were answered. Pure. */
import type { Timed, Window } from '../../../sample/audit/longest-gap.ts';
import { percentile } from '../../statistics.ts';

export interface Latencies {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** Of the requests that were due inside the window, counted from when they were due, failed ones included. */
export function latenciesIn(records: readonly Timed[], { from, to }: Window): Latencies {
  const latencies = records
    .filter(({ dueAt }) => dueAt >= from && dueAt < to)
    .map(({ dueAt, endedAt }) => endedAt - dueAt);
  return {
    requests: latencies.length,
    p50Ms: percentile(latencies, 0.5),
    p95Ms: percentile(latencies, 0.95),
    maxMs: percentile(latencies, 1),
  };
}

/** Good answers a second inside the window. */
export function rateIn(records: readonly Timed[], { from, to }: Window): number {
  const good = records.filter(({ endedAt, failure }) => failure === '' && endedAt >= from && endedAt < to);
  return (good.length * 1000) / (to - from);
}
