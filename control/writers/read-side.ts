/**
 * Reads what one fence has recorded, and says of each note whether it lies within a proxied write. A note waits in its table
 * until that is known, but at most half a minute.
 */
import type { Fence, WriterNote } from '@ficus/cdc';
import type { FenceState } from '@ficus/core';
import type { BusyIntervals, ClockOffset } from './busy-intervals.ts';
import { type BusyEvidence, placeNote } from './note-place.ts';
import type { RouteActivity } from './route-activity.ts';
import type { PlacedNote } from './writer-inventory.ts';

export type ReadableFence = Pick<Fence, 'clock' | 'notes'>;

interface ReadOptions {
  readonly slice: string;
  readonly busy: BusyIntervals;
  readonly routes: RouteActivity;
  /** Role of the stream: its own writes are none of a writer. */
  readonly applierRole: string;
  /** Notes that were read before. */
  readonly skip: ReadonlySet<string>;
  readonly now: () => number;
}

export interface ReadNotes {
  readonly placed: readonly PlacedNote[];
  /** Of all that need no further look, those of the stream included. */
  readonly keys: readonly string[];
  /** As many as there can be in one reading: more may wait. */
  readonly isFull: boolean;
}

const MOST_NOTES = 2_000;
/** Proxies report each second; one that is silent for longer than this is not waited for. */
const PATIENCE_MS = 30_000;

export async function readSide(fence: ReadableFence, options: ReadOptions): Promise<ReadNotes> {
  const database = await compareClocks(fence, options.now);
  const notes = await fence.notes(MOST_NOTES);
  const now = options.now();
  const fresh = notes.filter(({ key }) => !options.skip.has(key));
  const foreign = fresh.filter((note) => !isOfStream(note, options.applierRole));
  const begun = Math.min(now, ...foreign.map(({ transactionAtMs }) => transactionAtMs + database.offsetMs));
  const evidence = options.busy.evidence(options.slice, database, begun, now);
  const placed = foreign.flatMap((note) => place(note, evidence, options, now));
  const placedKeys = new Set(placed.map(({ note }) => note.key));
  const keys = fresh.filter((note) => placedKeys.has(note.key) || isOfStream(note, options.applierRole));
  return { placed, keys: keys.map(({ key }) => key), isFull: notes.length >= MOST_NOTES };
}

/** Empty while a proxy's report may still tell more. */
function place(
  note: WriterNote,
  evidence: BusyEvidence,
  { slice, routes }: ReadOptions,
  now: number,
): readonly PlacedNote[] {
  const { offsetMs } = evidence;
  const where = placeNote(note, evidence);
  const writtenAt = note.writtenAtMs + offsetMs;
  if (where === 'unknown' && writtenAt > now - PATIENCE_MS) return [];
  const asked =
    where === 'outside' ? routes.asked(slice, note.transactionAtMs + offsetMs, writtenAt, now) : undefined;
  return [{ note, place: where, offsetMs, asked }];
}

/** The answer was made between question and arrival: half of that time may be wrong in either direction. */
async function compareClocks(fence: ReadableFence, now: () => number): Promise<ClockOffset> {
  const asked = now();
  const told = await fence.clock();
  const arrived = now();
  return { offsetMs: (asked + arrived) / 2 - told, errorMs: (arrived - asked) / 2 };
}

/** Before its transactions are marked, as those of a first copy. */
const isOfStream = ({ user, application }: WriterNote, role: string): boolean =>
  user === role && /^ficus( |$)/.test(application);

/** Whether the fence records writers, or needs not: nothing but the stream passes it. */
export const isWatching = (state: FenceState | undefined): boolean => state?.mode === 'observe';
