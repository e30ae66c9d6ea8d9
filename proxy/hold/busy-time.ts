/**
 * When there were writes in flight, as intervals in their order: close ones merged, and no more than fit a report. Merging
 * only ever makes them longer: a write that came from elsewhere may be missed, and none of the proxy's own is suspected.
 */
import type { BusyInterval } from '@ficus/core';

/** Closer intervals are one. */
export const BUSY_GAP_MS = 50;
const MOST_INTERVALS = 1_000;

/** Of several workers, or of one and a later report; in any order. */
export function mergeBusy(
  intervals: readonly BusyInterval[],
  most = MOST_INTERVALS,
): readonly BusyInterval[] {
  const sorted = [...intervals].sort(([a], [b]) => a - b);
  let merged = mergeCloser(sorted, BUSY_GAP_MS);
  for (let gapMs = 2 * BUSY_GAP_MS; merged.length > most; gapMs *= 2) merged = mergeCloser(merged, gapMs);
  return merged;
}

function mergeCloser(sorted: readonly BusyInterval[], gapMs: number): readonly BusyInterval[] {
  const merged: [from: number, to: number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from - last[1] < gapMs) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
