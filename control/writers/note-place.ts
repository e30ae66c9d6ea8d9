/**
 * Where a note lies in time: inside an interval in which a proxied write was under way, or outside of all. Inside is claimed
 * only on evidence, outside only where every proxy has said what it did; anything else is unknown, and explains nothing.
 */

export interface NoteTimes {
  /** Milliseconds since the epoch, by the database's clock. */
  readonly transactionAtMs: number;
  readonly writtenAtMs: number;
}

export interface BusyEvidence {
  /** In order, disjoint; ms by the clock that `offsetMs` leads to. */
  readonly intervals: readonly (readonly [fromMs: number, toMs: number])[];
  /** What has to be added to the database's time, and by how much that may be wrong. */
  readonly offsetMs: number;
  readonly errorMs: number;
  /** When a proxy may have had writes under way that it has not reported. */
  readonly unknown: readonly (readonly [fromMs: number, toMs: number])[];
}

export type NotePlace = 'inside' | 'outside' | 'unknown';

/** The whole transaction up to the write must lie in one interval: a request that wrote had begun before, and not ended. */
export function placeNote(note: NoteTimes, evidence: BusyEvidence): NotePlace {
  const { intervals, offsetMs, errorMs, unknown } = evidence;
  const [from, to] = [note.transactionAtMs + offsetMs, note.writtenAtMs + offsetMs];
  // Of those that have begun by then, the last one ends last.
  const last = intervals.findLast(([begin]) => begin - errorMs <= from);
  if (last && to <= last[1] + errorMs) return 'inside';
  const isUnknown = unknown.some(([begin, end]) => begin < to + errorMs && from - errorMs < end);
  return isUnknown ? 'unknown' : 'outside';
}
