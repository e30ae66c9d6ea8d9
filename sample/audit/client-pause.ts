/** What clients noticed of a change of owner. Pure. */
import type { WriteRecord } from '../load/write-record.ts';
import { longestGap, type Window } from './longest-gap.ts';

export interface ClientPause {
  /** Writes that were under way at some moment of the change, or right before or after it. */
  readonly writes: number;
  /** How long the slowest of them took, its ordinary time included. */
  readonly slowestMs: number;
  /** The longest time in which no write was answered; with few writes it is long even without a pause. */
  readonly longestGapMs: number;
}

/** A gap that begins before the change or ends after it is seen whole; and where little is written, there is something to see. */
const MARGIN_MS = 500;

/** @param change from the moment in which proxies were asked to hold writes until they had released them */
export function clientPause(writes: readonly WriteRecord[], change: Window): ClientPause {
  const around = { from: change.from - MARGIN_MS, to: change.to + MARGIN_MS };
  const concerned = writes.filter(({ dueAt, endedAt }) => endedAt >= around.from && dueAt <= around.to);
  return {
    writes: concerned.length,
    slowestMs: Math.max(0, ...concerned.map(({ dueAt, endedAt }) => endedAt - dueAt)),
    longestGapMs: longestGap(writes, around),
  };
}
