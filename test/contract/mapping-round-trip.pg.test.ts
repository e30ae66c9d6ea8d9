/** The sample's mapping loses nothing: every row of the seed, to the service and back, is the row that it was. */
import { expect, inject, it } from 'vitest';
import { type ColumnSource, readSlice, sourceRows } from './fill-through-mapping.ts';
import { mappedService, type SampleDatabase, seededShop } from './sample-databases.ts';

/** Columns of the monolith → expressions over the service's row. */
function waysBack(columns: Readonly<Record<string, ColumnSource>>): [column: string, expression: string][] {
  return Object.entries(columns).flatMap(([name, source]) => {
    if (typeof source === 'string') return [[source, name] as [string, string]];
    return 'sql' in source ? Object.entries(source.reverse ?? {}) : [];
  });
}

async function read(
  database: SampleDatabase,
  table: string,
  columns: readonly (readonly [string, string])[],
): Promise<string[]> {
  const list = columns.map(([name, expression]) => `(${expression})::text AS "${name}"`);
  const rows = await database.query<{ row: string }>(
    `SELECT row_to_json(r)::text AS row FROM (SELECT ${list.join(', ')} FROM (${await sourceRows(database, table)}) t) r`,
  );
  return rows.map(({ row }) => row).toSorted();
}

it('brings every row back as it was', async () => {
  await using shop = await seededShop(inject('postgresPort'));
  await using service = await mappedService(inject('postgresPort'), shop);
  for (const { from, to, columns } of readSlice().tables) {
    const back = waysBack(columns);
    const own = back.map(([name]) => [name, name] as const);
    expect(await read(service, to, back), to).toEqual(await read(shop, from, own));
  }
});
