/**
 * The databases that a slice's streams have gone between: those of the config, and those that are recorded. Recorded
 * URLs have no password: that of a configured URL for the same server and user is used.
 */
import { type FicusConfig, readDatabaseUrl, withoutPassword, withPassword } from '@ficus/core';
import { describeDatabase } from '../store/describe-database.ts';
import type { StreamRecord } from '../store/stream-records.ts';

export interface SliceUrls {
  /** The legacy's. */
  readonly source: string | undefined;
  /** The candidate's; several when the slice has moved to another database. */
  readonly targets: readonly string[];
  /** Recorded slots of either direction: on the source, and on the targets. */
  readonly slots: readonly string[];
}

interface Given {
  readonly config: FicusConfig;
  readonly candidateDatabase: string | undefined;
}

/** One entry for each source. */
export function pickUrls(
  { config, candidateDatabase }: Given,
  slice: string,
  streams: readonly StreamRecord[],
): SliceUrls[] {
  const known = configuredUrls(config);
  const bySource = new Map<
    string,
    { source: string | undefined; targets: Map<string, string>; slots: string[] }
  >();
  const at = (source: string | undefined) => {
    const place = source ? describeDatabase(source) : '';
    const found = bySource.get(place) ?? { source, targets: new Map<string, string>(), slots: [] };
    bySource.set(place, found);
    return found;
  };
  const own = Object.hasOwn(config.slices, slice) ? config.slices[slice]?.candidate.database : undefined;
  const given = candidateDatabase ?? own;
  // Without a candidate's database, too: slots of the source that look like the slice's are named.
  const first = at(config.legacy.database);
  if (given) first.targets.set(describeDatabase(given), given);
  for (const record of streams.filter((stream) => stream.slice === slice)) {
    const [legacy, candidate] =
      record.direction === 'forward' ? [record.source, record.target] : [record.target, record.source];
    const { targets, slots } = at(withKnownPassword(legacy, known));
    const place = describeDatabase(candidate);
    if (!targets.has(place)) targets.set(place, withKnownPassword(candidate, known));
    slots.push(record.slot);
  }
  return [...bySource.values()].map(({ source, targets, slots }) => ({
    source,
    targets: [...targets.values()],
    slots,
  }));
}

function configuredUrls({ legacy, control, slices }: FicusConfig): string[] {
  const candidates = Object.values(slices).map(({ candidate }) => candidate.database);
  return [legacy.database, control?.database, ...candidates].filter((url) => url !== undefined);
}

function withKnownPassword(recorded: string, known: readonly string[]): string {
  const exact = known.find((url) => withoutPassword(url) === recorded);
  if (exact) return exact;
  const { host, port, user } = readDatabaseUrl(recorded);
  const server = known
    .map(readDatabaseUrl)
    .find((other) => other.host === host && other.port === port && other.user === user);
  return server ? withPassword(recorded, server.password) : recorded;
}
