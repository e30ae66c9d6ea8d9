/**
 * Looks at both databases about every second while a stream runs: at the slot and the publication first, because the
 * source must be able to write, then at the catalogs. The change stream does not say that tables were altered, or only
 * with the next row, or not at all: a table swapped by name, a partition that became unlogged, a service that migrates
 * its own database. The session then starts again, and its preparation decides whether it can continue.
 */
import { FicusError, type SlotHealth, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import { readDigest } from '../catalog/read-digest.ts';
import { mappedTables } from '../mapping/compile-mapping.ts';
import { checkSlot } from './check-slot.ts';
import { RestartSession } from './classify-failure.ts';
import type { PreparedStream } from './prepare-stream.ts';

interface DatabaseWatch {
  readonly source: pg.Pool;
  readonly target: pg.ClientBase;
  readonly tables: readonly TableConfig[];
  readonly prepared: PreparedStream;
  readonly periodMs: number;
  readonly onHealth: (health: SlotHealth) => void;
  /** The stream cannot continue, or not without being prepared again. */
  readonly onFailure: (error: FicusError | RestartSession) => void;
}

/** Looks at once and then at intervals, never twice at the same time; returns a function that stops it. */
export function watchDatabases(watch: DatabaseWatch): () => void {
  let ended = false;
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    // A database that does not answer shows elsewhere.
    const failure = await findFailure(watch).catch(() => undefined);
    looking = false;
    if (failure && !ended) watch.onFailure(failure);
  };
  const timer = setInterval(() => void look(), watch.periodMs);
  void look();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

async function findFailure(watch: DatabaseWatch): Promise<FicusError | RestartSession | undefined> {
  const { source, target, prepared, tables, onHealth } = watch;
  const slot = await checkSlot(source, prepared);
  if (slot instanceof FicusError) return slot;
  onHealth(slot);
  const mapped = mappedTables(tables);
  for (const [side, client] of [
    ['source', source],
    ['target', target],
  ] as const)
    if ((await readDigest(client, mapped[side])) !== prepared.digests[side])
      return new RestartSession(`tables of the ${side} were altered`);
  return undefined;
}
