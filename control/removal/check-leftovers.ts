/** What is left on sources, for `ficus check --live`: read-only, beside a control plane or without one. */
import { readSourceStreams } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { findLeftovers, type Leftover } from '../replications/find-leftovers.ts';
import { makeIsExpected, makeIsUsed, readSources } from '../replications/source-watch.ts';
import { openControlRecords } from './control-records.ts';

/** A database that is away hides what it has; the other checks say that it is away. */
export async function checkLeftovers(config: FicusConfig): Promise<readonly Leftover[]> {
  const records = await readRecords(config.control?.database);
  const unknown = () => undefined;
  const isUsed = makeIsUsed(config, unknown);
  const unused = records.filter((record) => !isUsed(record));
  const seen = await readSources(config, unused, readSourceStreams);
  const sources = new Map([...seen].map(([database, { streams }]) => [database, streams]));
  const { maxRetainedWal } = config.legacy;
  return findLeftovers({
    records,
    isUsed,
    isExpected: makeIsExpected(config, unknown),
    sources,
    maxRetainedWal,
  });
}

async function readRecords(url: string | undefined) {
  const records = url === undefined ? undefined : await openControlRecords(url, false).catch(() => undefined);
  await records?.close();
  return records?.streams ?? [];
}
