/** `ficus init URL --map SLICE`: the tables of a slice of a new ficus.yaml, and how the file names the databases. */
import { FicusError } from '@ficus/core';
import {
  CONTROL_VARIABLE,
  candidateVariable,
  type DatabaseReference,
  databaseReference,
  LEGACY_VARIABLE,
} from './database-reference.ts';
import { notesOfMapping, tablesLines } from './mapping-text.ts';
import type { Say } from './probe/note.ts';

export interface GivenDatabases {
  readonly legacyDb?: string | undefined;
  readonly serviceDb?: string | undefined;
}

export interface MappedSlice {
  /** No table can go over. */
  readonly isEmpty: boolean;
  readonly legacy: DatabaseReference;
  /** What is added to the slice. */
  readonly slice: { readonly database: DatabaseReference; readonly tables: readonly string[] };
  /** Variables that the file names. */
  readonly variables: readonly string[];
  /** Those that have no value yet. */
  readonly unset: readonly string[];
}

/** @throws FicusError when a database is not named, or cannot be read */
export async function mapSlice(
  map: string,
  { legacyDb, serviceDb }: GivenDatabases,
  environment: Readonly<Record<string, string | undefined>>,
  say: Say,
): Promise<MappedSlice> {
  const variable = candidateVariable(map);
  const sourceUrl = legacyDb ?? environment[LEGACY_VARIABLE];
  const targetUrl = serviceDb ?? environment[variable];
  if (!sourceUrl || !targetUrl)
    throw new FicusError(
      'FICUS_USAGE',
      `--map reads both databases: use --legacy-db and --service-db, or set ${LEGACY_VARIABLE} and ${variable}.`,
    );
  const { proposeMapping } = await import('@ficus/cdc');
  const proposal = await proposeMapping({ sourceUrl, targetUrl });
  for (const note of notesOfMapping(map, proposal)) say(note);
  const legacy = databaseReference(LEGACY_VARIABLE, sourceUrl);
  const database = databaseReference(variable, targetUrl);
  const needed = [
    ...[legacy, database].filter(({ mustBeSet }) => mustBeSet).map((reference) => reference.variable),
    ...(proposal.tables.length > 0 ? [CONTROL_VARIABLE] : []),
  ];
  return {
    isEmpty: proposal.tables.length === 0,
    legacy,
    slice: { database, tables: tablesLines(proposal) },
    variables: [LEGACY_VARIABLE, variable, CONTROL_VARIABLE],
    unset: needed.filter((name) => !environment[name]),
  };
}
