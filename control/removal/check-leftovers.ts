/** What is left on sources, for `ficus check --live`: read-only, beside a control plane or without one. */
import { readSourceStreams } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { findLeftovers, type Leftover } from '../replications/find-leftovers.ts';
import { makeIsExpected, makeIsUsed, readSources } from '../replications/source-watch.ts';
import { describeDatabase } from '../store/describe-database.ts';
import { openControlRecords } from './control-records.ts';

export interface PlacedLeftover extends Leftover {
  /** Where the config names the database; that of the legacy also for one that it no longer names. */
  readonly path: string;
}

/** A database that is away hides what it has; the other checks say that it is away. */
export async function checkLeftovers(config: FicusConfig): Promise<readonly PlacedLeftover[]> {
  const places = Object.entries(config.slices).flatMap(([slice, { candidate }]) =>
    candidate.database
      ? [[describeDatabase(candidate.database), `slices.${slice}.candidate.database`] as const]
      : [],
  );
  const byDatabase = new Map<string, string>(places);
  if (config.legacy.database) byDatabase.set(describeDatabase(config.legacy.database), 'legacy.database');
  const found = await findAll(config);
  return found.map((leftover) => ({
    ...leftover,
    path: byDatabase.get(leftover.database) ?? 'legacy.database',
  }));
}

async function findAll(config: FicusConfig): Promise<readonly Leftover[]> {
  const { streams: records, armed } = await readRecords(config.control?.database);
  const streams = { config, isArmed: (slice: string) => armed.includes(slice), currentSlot: () => undefined };
  const isUsed = makeIsUsed(streams);
  const others = records.filter((record) => record.direction === 'reverse' || !isUsed(record));
  const seen = await readSources(config, others, readSourceStreams);
  const sources = new Map([...seen].map(([database, { streams }]) => [database, streams]));
  const { maxRetainedWal } = config.legacy;
  return findLeftovers({
    records,
    isUsed,
    isExpected: makeIsExpected(streams),
    sources,
    maxRetainedWal,
    configured: Object.keys(config.slices),
  });
}

async function readRecords(url: string | undefined) {
  const records = url === undefined ? undefined : await openControlRecords(url, false).catch(() => undefined);
  await records?.close();
  return { streams: records?.streams ?? [], armed: records?.armed ?? [] };
}
