/** A slot may disappear just before it is dropped: dropped by someone else, or together with its session. */
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { dropSlot } from '../../../../cdc/source/slot.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../../../parts/empty-database.ts';

let database: EmptyDatabase;
let clients: pg.Client[] = [];
beforeEach(async () => {
  database = await createEmptyDatabase(inject('postgresPort'), 'dropped');
  clients = await Promise.all([connect(), connect()]);
});
afterEach(async () => {
  for (const client of clients) await client.end();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

test('a slot that has already disappeared counts as dropped', async () => {
  const [client, other] = clients as [pg.Client, pg.Client];
  const slot = new URL(database.url).pathname.slice(1);
  await other.query(`SELECT pg_create_physical_replication_slot($1)`, [slot]);
  const query = client.query.bind(client);
  // Between listing the slots, which still shows it, and dropping it.
  client.query = (async (sql: string, values: unknown[]) => {
    if (!sql.includes('pg_drop_replication_slot')) return query(sql, values);
    await other.query('SELECT pg_drop_replication_slot($1)', [slot]);
    return query('SELECT pg_drop_replication_slot($1)', values.slice(0, 1));
  }) as typeof client.query;
  await dropSlot(client, slot);
  const slots = 'SELECT FROM pg_replication_slots WHERE slot_name = $1';
  expect((await other.query(slots, [slot])).rowCount).toBe(0);
});
