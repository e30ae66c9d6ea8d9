/**
 * Reads which columns of a side's tables draw from which sequences: identity, defaults, defaults of domains, functions that
 * defaults call, triggers, and sequences that are only named like the table (Hibernate draws from such itself). Read-only;
 * needs no privilege beyond connecting. Called by planSequences.
 */
import type pg from 'pg';
import { splitQualified } from '../catalog/quote.ts';
import { DRAWS_SQL, KEY_COLUMNS_SQL, SEQUENCES_SQL, SOURCES_SQL } from './drawn-columns-sql.ts';
import { conventionalNames, drawsUnnamed, findDraws, type SequenceName } from './named-sequences.ts';
import {
  columnKey,
  type DrawnColumn,
  type DrawnColumns,
  type DrawnThrough,
  type KeyColumn,
  rangeOfType,
  type SequenceFacts,
  type UnseenColumn,
} from './sequence-facts.ts';

interface ColumnRow extends KeyColumn {
  readonly tableOid: number;
  readonly attnum: number;
  readonly inKey: boolean;
  readonly isUnique: boolean;
  readonly defaultSql: string | null;
}

interface SourceRow {
  readonly tableOid: number;
  readonly attnum: number | null;
  readonly through: 'function' | 'trigger';
  readonly name: string;
  readonly source: string;
}

interface Draw {
  readonly row: ColumnRow;
  readonly through: DrawnThrough;
  readonly of: number | SequenceName;
}

/** @param tables `schema.table` */
export async function readDrawnColumns(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<DrawnColumns> {
  const { rows: columns } = await client.query<ColumnRow>(KEY_COLUMNS_SQL, [tables]);
  const { rows: known } = await client.query<{
    tableOid: number;
    attnum: number;
    sequence: number;
    through: DrawnThrough;
  }>(DRAWS_SQL, [tables]);
  const { rows: sources } = await client.query<SourceRow>(SOURCES_SQL, [tables]);
  const draws = [
    ...known.flatMap((draw): Draw[] =>
      columns.filter(isOf(draw)).map((row) => ({ row, through: draw.through, of: draw.sequence })),
    ),
    ...columns.flatMap(fromDefaultText),
    ...sources.flatMap((source) => fromSource(source, columns)),
  ];
  const bare = columns.filter(isWholeKey).filter((row) => !draws.some((draw) => draw.row === row));
  const guesses = bare.flatMap((row) =>
    conventionalNames(splitQualified(row.table).name, row.column).map((name): Draw => {
      return { row, through: 'name', of: { schema: undefined, bare: name } };
    }),
  );
  const sequences = await readSequences(client, [...draws, ...guesses]);
  const found = draws.flatMap((draw) => resolve(draw, sequences));
  const guessed = bare.flatMap((row) => {
    const first = guesses.filter((guess) => guess.row === row).flatMap((guess) => resolve(guess, sequences));
    return first.slice(0, 1);
  });
  const drawn = distinct([...found, ...guessed]);
  return {
    drawn,
    unseen: findUnseen(columns, sources, drawn),
    keyless: columns.filter((row) => row.inKey && !row.refers && rangeOfType(row.type) === undefined),
    columns: new Map(columns.map((row) => [columnKey(row.table, row.column), row])),
    ...(await readServer(client)),
  };
}

const isOf =
  ({ tableOid, attnum }: { readonly tableOid: number; readonly attnum: number | null }) =>
  (row: ColumnRow): boolean =>
    row.tableOid === tableOid && row.attnum === attnum;

/** A key of its own: of whole numbers, and not taken from another table's row. */
const isWholeKey = (row: ColumnRow): boolean =>
  row.inKey && row.isUnique && !row.refers && rangeOfType(row.type) !== undefined;

/** `nextval('x'::text)` is resolved at each call, so pg_depend does not know it. */
function fromDefaultText(row: ColumnRow): Draw[] {
  return findDraws(row.defaultSql ?? '').map(({ sequence }) => ({ row, through: 'default', of: sequence }));
}

function fromSource(source: SourceRow, columns: readonly ColumnRow[]): Draw[] {
  return findDraws(source.source).flatMap(({ sequence, column }): Draw[] => {
    const keys = columns.filter((row) => row.tableOid === source.tableOid);
    const rows =
      source.attnum !== null
        ? columns.filter(isOf(source))
        : keys.filter((row) => (column === undefined ? isWholeKey(row) : row.column === column));
    return rows.map((row) => ({ row, through: source.through, of: sequence }));
  });
}

interface SequenceRow extends Record<'increment' | 'min' | 'max' | 'cache', string> {
  readonly oid: number;
  readonly schema: string;
  readonly bare: string;
  readonly visible: boolean;
}

type FoundSequence = SequenceFacts & Pick<SequenceRow, 'schema' | 'bare' | 'visible'>;

async function readSequences(client: pg.ClientBase, draws: readonly Draw[]): Promise<FoundSequence[]> {
  const oids = draws.flatMap(({ of }) => (typeof of === 'number' ? [of] : []));
  const names = draws.flatMap(({ of }) => (typeof of === 'number' ? [] : [of.bare]));
  const { rows } = await client.query<SequenceRow & SequenceFacts>(SEQUENCES_SQL, [oids, names]);
  return rows.map((row) => ({
    ...row,
    increment: BigInt(row.increment),
    min: BigInt(row.min),
    max: BigInt(row.max),
    cache: BigInt(row.cache),
  }));
}

function resolve({ row, through, of }: Draw, sequences: readonly FoundSequence[]): DrawnColumn[] {
  const fits = sequences.filter((sequence) =>
    typeof of === 'number'
      ? sequence.oid === of
      : sequence.bare === of.bare && (of.schema === undefined || sequence.schema === of.schema),
  );
  // Without a schema: as the search path has it, or beside the table.
  const sequence =
    fits.find(({ visible }) => visible) ??
    fits.find(({ schema }) => schema === splitQualified(row.table).schema) ??
    (fits.length === 1 ? fits[0] : undefined);
  return sequence ? [{ ...row, sequence, through }] : [];
}

/** One entry for a column and sequence; the first is the surest. */
function distinct(drawn: readonly DrawnColumn[]): DrawnColumn[] {
  const seen = new Set<string>();
  return drawn.filter(({ table, column, sequence }) => {
    const key = JSON.stringify([table, column, sequence.oid]);
    return !seen.has(key) && seen.add(key);
  });
}

function findUnseen(
  columns: readonly ColumnRow[],
  sources: readonly SourceRow[],
  drawn: readonly DrawnColumn[],
): UnseenColumn[] {
  const draws = (row: ColumnRow) =>
    drawn.some(({ table, column }) => table === row.table && column === row.column);
  return columns.flatMap((row): UnseenColumn[] => {
    if (draws(row)) return [];
    const own = sources.filter((source) => source.tableOid === row.tableOid);
    const hidden = own.find((source) => source.attnum === row.attnum && drawsUnnamed(source.source));
    if (hidden)
      return [
        { ...row, why: `its default calls “${hidden.name}”, which draws from a sequence by a computed name` },
      ];
    if (!isWholeKey(row)) return [];
    const trigger = own.find((source) => source.attnum === null && drawsUnnamed(source.source));
    if (trigger)
      return [{ ...row, why: `trigger “${trigger.name}” draws from a sequence by a computed name` }];
    const why =
      row.defaultSql === null
        ? 'it has no default, so its values come from the application'
        : `its default (${row.defaultSql}) names no sequence`;
    return [{ ...row, why }];
  });
}

async function readServer(client: pg.ClientBase): Promise<{ maxConnections: number; role: string }> {
  const { rows } = await client.query<{ maxConnections: number; role: string }>(
    `SELECT current_setting('max_connections')::int AS "maxConnections", current_user::text AS role`,
  );
  return rows[0]!;
}
