/**
 * Looks at both databases about every second while a stream runs: at the slot and the publication first, because the
 * source must be able to write, and at the catalogs. The change stream does not say that tables were altered, or only
 * with the next row, or not at all: a table swapped by name, a partition that became unlogged, a service that migrates
 * its own database. The session then starts again, and its preparation decides whether it can continue.
 */
import { describeError, FicusError, type ReplicationProblem, type SlotHealth } from '@ficus/core';
import type pg from 'pg';
import { readDigest } from '../catalog/read-digest.ts';
import { hasLostPartition, readStorage, type TableStorage } from '../catalog/table-storage.ts';
import { checkSlot } from './check-slot.ts';
import { RestartSession } from './classify-failure.ts';
import { rememberFiles } from './ensure-progress.ts';
import type { PreparedStream } from './prepare-stream.ts';

type Side = 'source' | 'target';
type Failure = FicusError | RestartSession;

/** Files of the side's tables at the last look. */
interface Seen {
  storage?: ReadonlyMap<string, TableStorage>;
}

interface DatabaseWatch {
  /** Both limit the time of a statement. */
  readonly source: pg.Pool;
  readonly target: pg.ClientBase;
  readonly prepared: PreparedStream;
  readonly periodMs: number;
  /** How long looks may fail before `onUnwatched` says so. */
  readonly unwatchedMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** The stream cannot continue, or not without being prepared again. */
  readonly onFailure: (error: Failure) => void;
  /** Rows may have left a table of the source, or its target, with a partition that was emptied. */
  readonly onLostRows: (source: string) => void;
  /** Called after each look; undefined when the database can be looked at. */
  readonly onUnwatched: (side: Side, problem: ReplicationProblem | undefined) => void;
}

export interface RunningWatch {
  /** Looks at the tables now. False when they were altered or have lost rows with a partition meanwhile; that is reported first. */
  look(): Promise<boolean | undefined>;
  stop(): void;
}

/** Looks at once and then at intervals; neither side waits for the other. */
export function watchDatabases(watch: DatabaseWatch): RunningWatch {
  const sides = [watchSide('source', watch, () => checkSource(watch)), watchSide('target', watch)];
  return {
    look: async () => {
      // What one side has found ends the session, and with it the look at the other.
      const looks = await Promise.all(sides.map((side) => side.look().catch(() => undefined)));
      if (looks.includes(false)) return false;
      return looks.includes(undefined) ? undefined : true;
    },
    stop: () => {
      for (const side of sides) side.stop();
    },
  };
}

/** @param checkFirst looked at before the tables, at intervals */
function watchSide(
  side: Side,
  watch: DatabaseWatch,
  checkFirst: () => Promise<Failure | undefined> = async () => undefined,
): RunningWatch {
  const seen: Seen = {};
  let losses = 0;
  const noting: DatabaseWatch = {
    ...watch,
    onLostRows: (table) => {
      losses += 1;
      watch.onLostRows(table);
    },
  };
  let ended = false;
  let looking: Promise<void> | undefined;
  let seenAtMs = Date.now();
  let why = 'it does not answer';
  const look = async () => {
    try {
      const failure = (await checkFirst()) ?? (await findAltered(side, noting, seen));
      if (ended) return;
      seenAtMs = Date.now();
      watch.onUnwatched(side, undefined);
      if (failure) watch.onFailure(failure);
    } catch (error) {
      why = (error as Error).message;
    }
  };
  const lookAtInterval = () => {
    if (Date.now() - seenAtMs > watch.unwatchedMs)
      watch.onUnwatched(side, describeUnwatched(side, seenAtMs, why));
    looking ??= look().finally(() => {
      looking = undefined;
    });
  };
  const timer = setInterval(lookAtInterval, watch.periodMs);
  lookAtInterval();
  return {
    async look() {
      const before = losses;
      // What it has read already may be older than this call.
      await looking;
      const failure = await findAltered(side, noting, seen);
      if (failure && !ended) watch.onFailure(failure);
      if (failure !== undefined || losses !== before) return false;
      return ended ? undefined : true;
    },
    stop() {
      ended = true;
      clearInterval(timer);
    },
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
  const tables = watch.prepared.watched[side];
  const storage = await readStorage(watch[side], tables);
  const digest = await readDigest(watch[side], tables);
  const before = seen.storage;
  for (const {
    source,
    [side]: { qualifiedName },
  } of watch.prepared.plans) {
    const [old, now] = [before?.get(qualifiedName), storage.get(qualifiedName)];
    if (old && now && hasLostPartition(old, now)) watch.onLostRows(source.qualifiedName);
  }
  if (digest !== watch.prepared.digests[side])
    return new RestartSession(`tables of the ${side} were altered`);
  if (!before || textOfFiles(before) !== textOfFiles(storage))
    await rememberFiles(watch.target, watch.prepared.names.stream, side, storage);
  seen.storage = storage;
  return undefined;
}

const textOfFiles = (storage: ReadonlyMap<string, TableStorage>): string =>
  JSON.stringify([...storage].map(([name, { files }]) => [name, files]));

function describeUnwatched(side: Side, seenAtMs: number, why: string): ReplicationProblem {
  const code = 'FICUS_CDC_UNWATCHED';
  const since = new Date(seenAtMs).toISOString();
  const message = `The checks of the ${side} have failed since ${since}: ${why}.`;
  return { code, message, remedy: describeError(code).remedy };
}
