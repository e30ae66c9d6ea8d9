/**
 * PostgreSQL (15 to 18 at least) misses a TRUNCATE or ALTER TABLE that is committed while a new slot builds its first
 * snapshot: what an overlapping transaction then writes can never be decoded (pgsql-hackers, "Historic snapshot doesn't
 * track txns committed in BUILDING_SNAPSHOT state"). Such a slot must not be used; if it is found too late, the error
 * has a name and a remedy.
 */
import pg from 'pg';
import { afterEach, beforeAll, expect, inject, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';
import { type HeldTransaction, holdTransaction, slotWaitsFor } from './held-transaction.ts';

let cluster: OwnCluster;
let pair: StreamedPair | undefined;
let held: HeldTransaction[] = [];
beforeAll(async () => {
  // Its own cluster: a new slot also waits for other tests' transactions, which would change the order of events.
  cluster = await startOwnCluster('truncate');
  return () => cluster.remove();
});
afterEach(async () => {
  for (const transaction of held) await transaction.end();
  held = [];
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY)';

async function startItems(): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourcePort: cluster.port,
    sourceSql: `${TABLE}; INSERT INTO item VALUES (1)`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { retryMs: 50, heartbeatMs: 50 } },
  });
  await pair.settle();
  return pair;
}

/**
 * Creates a slot by `create` so that it cannot decode what `write` has written; returns that transaction, still open.
 */
async function poison(given: StreamedPair, create: () => Promise<unknown>): Promise<HeldTransaction> {
  const hold = async (...sql: string[]) => {
    const transaction = await holdTransaction(given.sourceUrl, ...sql);
    held.push(transaction);
    return transaction;
  };
  const building = await hold();
  const created = create();
  await expect.poll(() => slotWaitsFor(given.source, building.xid)).toBe(true);
  const full = await hold();
  await given.source.query('TRUNCATE item');
  await building.commit();
  await expect.poll(() => slotWaitsFor(given.source, full.xid)).toBe(true);
  const write = await hold('INSERT INTO item VALUES (2)');
  await full.commit();
  await expect.poll(() => slotWaitsFor(given.source, full.xid)).toBe(false);
  // The engine starts again and waits for the last one, too.
  await Promise.race([created, expect.poll(() => slotWaitsFor(given.source, write.xid)).toBe(true)]);
  return write;
}

test('a slot during whose creation a table was truncated is not used', async () => {
  const given = await startItems();
  await given.replication.drop({ emptyTarget: true });
  const write = await poison(given, () => given.replication.start());
  await write.commit();
  await given.settle();
  expect((await given.target.query('SELECT * FROM item')).rows).toEqual([{ id: 2 }]);
});

test('a slot that cannot be decoded is a state with a remedy', async () => {
  const given = await startItems();
  await given.replication.stop();
  const { slot } = (await given.target.query<{ slot: string }>('SELECT slot FROM ficus.checkpoint'))
    .rows[0] ?? {
    slot: '',
  };
  const drop = () =>
    given.source.query('SELECT pg_drop_replication_slot($1)', [slot]).then(Boolean, () => false);
  await expect.poll(drop).toBe(true);
  const create = `SELECT lsn FROM pg_create_logical_replication_slot('${slot}', 'pgoutput')`;
  let lsn = '';
  const write = await poison(given, async () => {
    lsn = await queryOnce(given.sourceUrl, create);
  });
  await write.commit();
  await given.target.query('UPDATE ficus.checkpoint SET lsn = $1', [lsn]);
  await given.replication.start();
  await expect
    .poll(() => given.replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: {
        code: 'FICUS_CDC_SOURCE_UNDECODABLE',
        message: expect.stringContaining('could not map'),
        remedy: expect.stringContaining('opy the rows again'),
      },
    });
  await given.replication.drop({ emptyTarget: true });
  await given.replication.start();
  await given.settle();
  expect((await given.target.query('SELECT * FROM item')).rows).toEqual([{ id: 2 }]);
});

async function queryOnce(connectionString: string, sql: string): Promise<string> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' }).finally(() => client.end());
  return String(rows[0]?.[0]);
}
