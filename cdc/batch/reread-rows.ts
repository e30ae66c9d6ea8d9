/**
 * Reads whole rows from the source where the stream did not send all values and the target needs them: a mapping that
 * mixes sent and unsent values in one expression. The rows may be newer than the change; the changes in between are
 * still to come and lead to the same state. A row deleted meanwhile is omitted: its DELETE is still to come. But the
 * rows must not be older, although the stream delivers a transaction a moment before other sessions see it. They are
 * read in pieces, because large values are held in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { outputText } from '../catalog/output-text.ts';
import { quoteIdentifier, quoteQualified } from '../catalog/quote.ts';
import { encodeTuple, locateColumn } from '../decode/tuple.ts';
import type { TuplePlace } from './compose-tuple.ts';
import type { RelationBinding } from './relation-binding.ts';
import { TextArray } from './text-array.ts';

/** Intended size of a piece; larger rows make the next piece smaller. */
export const REREAD_BYTES = 4 * 1024 * 1024;
const FIRST_ROWS = 16;
const MOST_ROWS = 1024;

export interface RereadRow {
  /** As the stream sent it. */
  readonly tuple: TuplePlace;
  /** As on the source; undefined when the source has deleted the row. */
  readonly now: Buffer | undefined;
}

export async function* rereadRows(
  source: pg.Pool,
  binding: RelationBinding,
  tuples: readonly TuplePlace[],
  /** Whether a reader with this snapshot (pg_current_snapshot) sees the changes whose rows are read. */
  sees: (snapshot: string) => boolean,
  /** The rows are no longer wanted. */
  stopping: () => boolean,
): AsyncGenerator<readonly RereadRow[], void, void> {
  const { relation } = binding;
  const table = quoteQualified(relation.schema, relation.name);
  const text = selectByKey(binding, table);
  let most = FIRST_ROWS;
  for (let from = 0; from < tuples.length; ) {
    const piece = tuples.slice(from, from + most);
    from += piece.length;
    const query = { text, values: keysOf(binding, piece), rowMode: 'array' as const };
    // Each piece in a transaction of its own: the source holds nothing while a slow target takes the rows.
    const rows = joinByPlace(piece, await readOnceSeen(source, table, query, sees, stopping));
    yield rows;
    const bytes = rows.reduce((sum, { now }) => sum + (now?.length ?? 0), 0);
    most = decideNextRows(most, bytes);
  }
}

async function readOnceSeen(
  source: pg.Pool,
  table: string,
  query: pg.QueryArrayConfig,
  sees: (snapshot: string) => boolean,
  stopping: () => boolean,
): Promise<readonly unknown[]> {
  const client = await source.connect();
  let failure: Error | undefined;
  try {
    while (!sees(await beginRead(client, table))) {
      await client.query('COMMIT');
      // A commit that waits for a synchronous standby may stay invisible for as long as the standby is away.
      if (stopping())
        throw new Error(
          'the stream is stopping while it waits for rows that are not visible on the source yet',
        );
      await sleep(2);
    }
    const { rows } = await client.query(query);
    await client.query('COMMIT');
    return rows;
  } catch (error) {
    // The client must not return to the pool in the middle of a transaction.
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
}

function decideNextRows(rows: number, bytes: number): number {
  if (bytes <= REREAD_BYTES) return Math.min(MOST_ROWS, rows * 2);
  return Math.max(1, Math.floor((rows * REREAD_BYTES) / bytes));
}

/**
 * The index among the keys, then the row as text; NULL for columns that no mapping reads: one may have been dropped.
 */
function selectByKey({ relation, plans, keyColumns }: RelationBinding, table: string): string {
  const types = new Map(
    plans.flatMap((plan) => plan.source.readColumns).map(({ name, type }) => [name, type]),
  );
  const keys = keyColumns.map((place) => relation.columns[place]!.name);
  const textOf = (name: string) => outputText(`t.${quoteIdentifier(name)}`, types.get(name) ?? 'text');
  const list = relation.columns.map(({ name }) =>
    types.has(name) || keys.includes(name) ? textOf(name) : 'NULL',
  );
  const same = keys.map((key, index) => {
    const type = types.get(key);
    const column = `t.${quoteIdentifier(key)}`;
    // Uses the key's index where its type is built into PostgreSQL.
    return type === undefined || type === 'text'
      ? `${type === undefined ? textOf(key) : `${column}::text`} = k.k${index}`
      : `${column} = CAST(k.k${index} AS ${type})`;
  });
  const parameters = keys.map((_, index) => `$${index + 1}::text[]`);
  const names = keys.map((_, index) => `k${index}`);
  return `SELECT k.place::int, ${list.join(', ')} FROM ${table} AS t
    JOIN unnest(${parameters.join(', ')}) WITH ORDINALITY AS k(${[...names, 'place'].join(', ')}) ON ${same.join(' AND ')}`;
}

function keysOf({ keyColumns }: RelationBinding, tuples: readonly TuplePlace[]): Buffer[] {
  const arrays = keyColumns.map(() => new TextArray());
  for (const { bytes, at } of tuples)
    for (const [index, place] of keyColumns.entries())
      arrays[index]!.appendField(bytes, locateColumn(bytes, at, place));
  return arrays.map((array) => array.finish());
}

function joinByPlace(tuples: readonly TuplePlace[], rows: readonly unknown[]): RereadRow[] {
  const found = new Map<number, Buffer>();
  for (const [place, ...values] of rows as [number, ...(string | null)[]][])
    found.set(place - 1, encodeTuple(values));
  return tuples.map((tuple, place) => ({ tuple, now: found.get(place) }));
}

/**
 * Begins a transaction that reads at one moment; returns its snapshot. Locks first: a table that ALTER TABLE rewrites
 * in between would look empty to it.
 */
async function beginRead(client: pg.ClientBase, table: string): Promise<string> {
  const begun = (await client.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE ${table} IN ACCESS SHARE MODE;
     SELECT pg_current_snapshot()::text AS snapshot`,
  )) as unknown as readonly pg.QueryResult<{ snapshot: string }>[];
  return begun[2]!.rows[0]!.snapshot;
}
