/**
 * What streams have left on their sources: slots, which keep WAL until the disk is full, and publications. Only what
 * this installation has recorded is its own; an unknown slot may belong to another installation, and is only reported.
 */
import type { SourceStreams } from '@ficus/cdc';
import { formatBytes, readWalBound } from '@ficus/core';
import { describeDatabase } from '../store/describe-database.ts';
import type { StreamRecord } from '../store/stream-records.ts';

export interface Leftover {
  /** The slot's name; whether it still exists is said by `retainedBytes`. */
  readonly slot: string;
  /** Of this installation; undefined when it may be another's. */
  readonly slice: string | undefined;
  /** `host:port/name` of the source. */
  readonly database: string;
  /** WAL that the source keeps for the slot; undefined when only the publication is left, or nothing is known. */
  readonly retainedBytes: number | undefined;
  readonly message: string;
  /** The command or SQL that removes it. */
  readonly remedy: string;
}

interface LeftoverFacts {
  readonly records: readonly StreamRecord[];
  /** Whether a slice of the config uses the stream. */
  readonly isUsed: (record: StreamRecord) => boolean;
  /** Slices of the config: removing one of them would take its flags and its owner along. */
  readonly configured: readonly string[];
  /** Whether the slot may be one that a slice's stream will use, and has not recorded yet. */
  readonly isExpected: (slot: string) => boolean;
  /** `host:port/name` → what the source has; undefined when it cannot be reached. */
  readonly sources: ReadonlyMap<string, SourceStreams | undefined>;
  /** `legacy.maxRetainedWal` */
  readonly maxRetainedWal: string | undefined;
}

/** This installation's own first. */
export function findLeftovers(facts: LeftoverFacts): Leftover[] {
  const { records, isUsed, isExpected, sources } = facts;
  const unused = records.filter((record) => !isUsed(record));
  const known = new Set(records.map(({ slot }) => slot));
  const published = new Set(records.filter(isUsed).map(({ publication }) => publication));
  const own = unused.flatMap((record) => judgeRecord(record, facts, published));
  const unknown = [...sources].flatMap(([database, streams]) =>
    (streams?.slots ?? [])
      .filter(({ name, active }) => !active && !known.has(name) && !isExpected(name))
      .map(({ name, retainedBytes }) => describeUnknown(database, name, retainedBytes)),
  );
  return [...own, ...unknown];
}

function judgeRecord(
  { slot, slice, publication, source }: StreamRecord,
  { sources, configured, maxRetainedWal }: LeftoverFacts,
  published: ReadonlySet<string>,
): Leftover[] {
  const database = describeDatabase(source);
  const streams = sources.get(database);
  const isConfigured = configured.includes(slice);
  // A slice that streams by now from or to another database is not removed with what it left on the previous one.
  const remedy =
    published.has(publication) || isConfigured
      ? `ficus remove ${slice} --slot ${slot}`
      : `ficus remove ${slice}`;
  const leftover = { slot, slice, database, remedy };
  if (!streams)
    return [
      {
        ...leftover,
        retainedBytes: undefined,
        message: `Slot “${slot}” is no longer used by any slice of the config, and its database cannot be asked whether it still has it.`,
      },
    ];
  const found = streams.slots.find(({ name }) => name === slot);
  // Another process reads it: one of an older config, which is just ending, or another installation.
  if (found?.active) return [];
  if (found)
    return [
      {
        ...leftover,
        retainedBytes: found.retainedBytes,
        message: `Slot “${slot}” is no longer used by any slice of the config, and keeps ${formatBytes(found.retainedBytes)} of WAL, growing until ${describeBound(maxRetainedWal, streams.serverBound)}.`,
      },
    ];
  const shared = published.has(publication) || streams.slots.some(({ name }) => isOf(name, publication));
  if (shared || !streams.publications.includes(publication)) return [];
  return [
    {
      ...leftover,
      ...(isConfigured && { remedy: `DROP PUBLICATION "${publication}"; -- in ${database}` }),
      retainedBytes: undefined,
      message: `Publication “${publication}” is no longer used by any slice of the config.`,
    },
  ];
}

/** Without a bound of ours, there is one of the server. */
function describeBound(maxRetainedWal: string | undefined, serverBound: string): string {
  const bytes = readWalBound(maxRetainedWal, serverBound);
  return bytes === undefined
    ? `the server gives it up at its max_slot_wal_keep_size (${serverBound})`
    : `the control plane drops it at ${formatBytes(bytes)} (legacy.maxRetainedWal)`;
}

const isOf = (slot: string, publication: string) =>
  slot.startsWith(`${publication}_`) && /^[0-9a-f]{8}$/.test(slot.slice(publication.length + 1));

function describeUnknown(database: string, slot: string, retainedBytes: number): Leftover {
  return {
    slot,
    slice: undefined,
    database,
    retainedBytes,
    message: `Slot “${slot}” is named like one of Ficus, is not used by any process, and is not known to this installation; it keeps ${formatBytes(retainedBytes)} of WAL.`,
    remedy: `If no other installation needs it: SELECT pg_drop_replication_slot('${slot}');`,
  };
}
