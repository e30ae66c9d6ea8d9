/**
 * Looks at both databases about every second while a stream runs: at the slot and the publication first, because the
 * source must be able to write, and at the catalogs. The change stream does not say that tables were altered, or only
 * with the next row, or not at all: a table swapped by name, a partition that became unlogged, a service that migrates
 * its own database. The session then starts again, and its preparation decides whether it can continue.
 */
import {
  describeError,
  FicusError,
  type ReplicationProblem,
  type SlotHealth,
  type TableConfig,
} from '@ficus/core';
import type pg from 'pg';
import { readDigest } from '../catalog/read-digest.ts';
import { readStorage } from '../catalog/table-storage.ts';
import { mappedTables } from '../mapping/compile-mapping.ts';
import { checkSlot } from './check-slot.ts';
import { RestartSession } from './classify-failure.ts';
import { rememberFiles } from './ensure-progress.ts';
import type { PreparedStream } from './prepare-stream.ts';

type Side = 'source' | 'target';
type Failure = FicusError | RestartSession;

/** Files of the side's tables at the last look. */
interface Seen {
  files?: string;
}

interface DatabaseWatch {
  /** Both limit the time of a statement. */
  readonly source: pg.Pool;
  readonly target: pg.ClientBase;
  readonly tables: readonly TableConfig[];
  readonly prepared: PreparedStream;
  readonly periodMs: number;
  /** How long looks may fail before `onUnwatched` says so. */
  readonly unwatchedMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** The stream cannot continue, or not without being prepared again. */
  readonly onFailure: (error: Failure) => void;
  /** Called after each look; undefined when the database can be looked at. */
  readonly onUnwatched: (side: Side, problem: ReplicationProblem | undefined) => void;
}

/** Looks at once and then at intervals; neither side waits for the other. Returns a function that stops it. */
export function watchDatabases(watch: DatabaseWatch): () => void {
  const stops = [
    watchSide(
      'source',
      watch,
      async (seen) => (await checkSource(watch)) ?? findAltered('source', watch, seen),
    ),
    watchSide('target', watch, (seen) => findAltered('target', watch, seen)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Never looks twice at the same time. */
function watchSide(
  side: Side,
  watch: DatabaseWatch,
  find: (seen: Seen) => Promise<Failure | undefined>,
): () => void {
  const seen: Seen = {};
  let ended = false;
  let looking = false;
  let seenAtMs = Date.now();
  let why = 'it does not answer';
  const look = async () => {
    if (Date.now() - seenAtMs > watch.unwatchedMs)
      watch.onUnwatched(side, describeUnwatched(side, seenAtMs, why));
    if (looking) return;
    looking = true;
    try {
      const failure = await find(seen);
      if (ended) return;
      seenAtMs = Date.now();
      watch.onUnwatched(side, undefined);
      if (failure) watch.onFailure(failure);
    } catch (error) {
      why = (error as Error).message;
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), watch.periodMs);
  void look();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

async function checkSource({ source, prepared, onHealth }: DatabaseWatch): Promise<Failure | undefined> {
  const slot = await checkSlot(source, prepared);
  if (slot instanceof FicusError || slot instanceof RestartSession) return slot;
  onHealth(slot);
  return undefined;
}

/** The files first: those of before an alteration are remembered, and no later ones. */
async function findAltered(
  side: Side,
  watch: DatabaseWatch,
  seen: Seen,
): Promise<RestartSession | undefined> {
  const tables = mappedTables(watch.tables)[side];
  const storage = await readStorage(watch[side], tables);
  const digest = await readDigest(watch[side], tables);
  if (digest !== watch.prepared.digests[side])
    return new RestartSession(`tables of the ${side} were altered`);
  const files = JSON.stringify([...storage].map(([name, table]) => [name, table.files]));
  if (files !== seen.files) await rememberFiles(watch.target, watch.prepared.names.stream, side, storage);
  seen.files = files;
  return undefined;
}

function describeUnwatched(side: Side, seenAtMs: number, why: string): ReplicationProblem {
  const code = 'FICUS_CDC_UNWATCHED';
  const since = new Date(seenAtMs).toISOString();
  const message = `The checks of the ${side} have failed since ${since}: ${why}.`;
  return { code, message, remedy: describeError(code).remedy };
}
