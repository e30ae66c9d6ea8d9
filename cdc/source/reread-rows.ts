/**
 * Asks the source for whole rows where the stream did not send all values and the target cannot do without: a mapping
 * that mixes sent and unsent values in one expression. What comes may be newer than the change; the changes in between
 * are still to come and end in the same state. A row that is gone meanwhile is left out: its DELETE is to come too.
 * What comes must not be older, though: the stream has a transaction a moment before others see it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { TextArray } from '../batch/text-array.ts';
import { outputText } from '../catalog/output-text.ts';
import { quoteIdentifier, quoteQualified } from '../catalog/quote.ts';
import { encodeTuple, locateColumn } from '../decode/tuple.ts';

export async function rereadRows(
  source: pg.Pool,
  binding: RelationBinding,
  tuples: readonly TuplePlace[],
  /** Whether a reader with this snapshot (pg_current_snapshot) sees the changes whose rows are asked for. */
  sees: (snapshot: string) => boolean,
  /** Nobody waits for the rows any more. */
  stopping: () => boolean,
): Promise<readonly Buffer[]> {
  const { relation } = binding;
  const keys = binding.keyColumns.map((place) => relation.columns[place]!.name);
  const arrays = keys.map(() => new TextArray());
  for (const { bytes, at } of tuples)
    for (const [index, place] of binding.keyColumns.entries())
      arrays[index]!.appendField(bytes, locateColumn(bytes, at, place));
  const parameters = keys.map((_, index) => `$${index + 1}::text[]`);
  const names = keys.map((_, index) => `k${index}`);
  const types = new Map(binding.plans[0]?.source.readColumns.map((column) => [column.name, column.type]));
  const textOf = (name: string) => outputText(`t.${quoteIdentifier(name)}`, types.get(name) ?? 'text');
  const list = relation.columns.map(({ name }) => textOf(name));
  const same = keys.map((key, index) => {
    const type = types.get(key);
    const column = `t.${quoteIdentifier(key)}`;
    // By the key's index where its type is known to every PostgreSQL.
    return type === undefined || type === 'text'
      ? `${type === undefined ? textOf(key) : `${column}::text`} = k.${names[index]}`
      : `${column} = CAST(k.${names[index]} AS ${type})`;
  });
  const client = await source.connect();
  let failure: Error | undefined;
  try {
    while (!sees(await beginRead(client))) {
      await client.query('COMMIT');
      // A commit that waits for a synchronous standby may stay unseen for as long as the standby is away.
      if (stopping())
        throw new Error('the stream is stopping, and waits for rows that the source does not show yet');
      await sleep(2);
    }
    const { rows } = await client.query({
      text: `SELECT ${list.join(', ')} FROM ${quoteQualified(relation.schema, relation.name)} AS t
               JOIN unnest(${parameters.join(', ')}) AS k(${names.join(', ')}) ON ${same.join(' AND ')}`,
      values: arrays.map((array) => array.finish()),
      rowMode: 'array',
    });
    await client.query('COMMIT');
    return (rows as (string | null)[][]).map(encodeTuple);
  } catch (error) {
    // Nobody else shall find it in the middle of a transaction.
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
}

/** Begins a transaction that reads at one moment; its snapshot. */
async function beginRead(client: pg.ClientBase): Promise<string> {
  const begun = (await client.query(
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_current_snapshot()::text AS snapshot',
  )) as unknown as readonly pg.QueryResult<{ snapshot: string }>[];
  return begun[1]!.rows[0]!.snapshot;
}
