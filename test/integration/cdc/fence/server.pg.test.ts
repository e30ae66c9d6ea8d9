/** Crashes, prepared transactions, autovacuum and subscriptions: what needs a server of its own. */
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTransactions } from '../../../../cdc/arm/read-transactions.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { createFencedDatabase } from './fenced-database.ts';

const DDL = 'CREATE TABLE orders (id serial PRIMARY KEY, note text)';
const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
const REFUSED = { code: 'FI001' };
let cluster: OwnCluster;

beforeAll(async () => {
  cluster = await startOwnCluster('fence', {
    max_prepared_transactions: '10',
    autovacuum_naptime: '1s',
    autovacuum_vacuum_cost_delay: '100ms',
    autovacuum_vacuum_cost_limit: '1',
    max_worker_processes: '20',
  });
});
afterAll(() => cluster.remove());

const make = (ddl = DDL, options = {}) => createFencedDatabase(cluster.port, ddl, options);

test('a prepared transaction is waited for and named by its gid, also after a crash', async () => {
  const shop = await make();
  const writer = await shop.connect(shop.writerRole);
  await writer.query(`BEGIN; ${INSERT}; PREPARE TRANSACTION 'pay-17'`);
  const named = {
    code: 'FICUS_FENCE_DRAIN',
    message: expect.stringContaining('prepared transaction “pay-17”'),
    details: {
      blockers: [expect.objectContaining({ prepared: 'pay-17', pid: null, user: shop.writerRole })],
    },
  };
  await expect(shop.turn('1 armed', '2 hold', 100)).rejects.toMatchObject(named);
  await cluster.kill();
  await cluster.restart();
  await expect.poll(() => shop.fence.state().catch(() => undefined)).toEqual({ epoch: 1, mode: 'armed' });
  await expect(shop.turn('1 armed', '2 hold', 100)).rejects.toMatchObject(named);
  await (await shop.connect()).query(`COMMIT PREPARED 'pay-17'`);
  expect(await shop.turn('1 armed', '2 hold')).toMatchObject({ turned: true });
  await expect(
    (await shop.connect(shop.writerRole)).query(`BEGIN; ${INSERT}; PREPARE TRANSACTION 'pay-18'`),
  ).rejects.toMatchObject(REFUSED);
  await shop.drop();
});

test('a fence that observes lets PREPARE TRANSACTION pass', async () => {
  const shop = await make(DDL, { first: '1 observe' });
  const writer = await shop.connect(shop.writerRole);
  await writer.query(`BEGIN; ${INSERT}; PREPARE TRANSACTION 'note-1'`);
  await writer.query(`COMMIT PREPARED 'note-1'`);
  expect(await shop.fence.notes()).toHaveLength(1);
  await shop.drop();
});

test('a crash at once after a turn keeps it, for a role whose commits are not synchronous too', async () => {
  const shop = await make();
  await shop.admin.query(
    `ALTER DATABASE ${new URL(shop.url).pathname.slice(1)} SET synchronous_commit = off`,
  );
  for (let round = 0; round < 3; round++) {
    const fence = shop.open();
    const state = (await fence.state())!;
    const wanted = { epoch: state.epoch + 1, mode: 'hold' } as const;
    expect(await fence.turn({ expected: state, wanted, drainMs: 1_000 })).toMatchObject({ turned: true });
    await cluster.kill();
    await cluster.restart();
    await expect.poll(() => fence.state().catch(() => undefined)).toEqual(wanted);
    await expect((await shop.connect()).query(INSERT)).rejects.toMatchObject(REFUSED);
  }
  await shop.drop();
}, 120_000);

async function makeVacuumed() {
  const shop = await make(
    `${DDL}; ALTER TABLE orders SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100)`,
    { first: null },
  );
  await shop.admin.query(
    `INSERT INTO orders (note) SELECT repeat('x', 500) FROM generate_series(1, 20000); UPDATE orders SET note = 'y'`,
  );
  await expect
    .poll(
      async () =>
        (await shop.admin.query(`SELECT FROM pg_stat_progress_vacuum WHERE relid = 'orders'::regclass`))
          .rowCount,
    )
    .toBe(1);
  return shop;
}

test('an autovacuum at work gives way to the fence', async () => {
  const shop = await makeVacuumed();
  expect(await shop.fence.install({ epoch: 1, mode: 'armed' })).toEqual({ epoch: 1, mode: 'armed' });
  expect(await shop.fence.gaps()).toEqual([]);
  await shop.drop();
}, 120_000);

test('an autovacuum is no transaction in the way, also for a role that sees no one’s age', async () => {
  const shop = await makeVacuumed();
  const blind = await shop.connect(shop.applierRole);
  expect(await readTransactions(blind, ['public.orders'], 0)).toEqual([]);
  expect((await shop.admin.query('SELECT FROM pg_stat_progress_vacuum')).rowCount).toBeGreaterThan(0);
  await shop.drop();
}, 120_000);

test('where it gives way only late, the fence does: no writer waits behind it for long', async () => {
  const shop = await makeVacuumed();
  await shop.admin.query(
    `ALTER DATABASE ${new URL(shop.url).pathname.slice(1)} SET deadlock_timeout = '15s'`,
  );
  const writer = await shop.connect(shop.writerRole);
  let [longest, ended] = [0, false];
  const writing = (async () => {
    while (!ended) {
      const at = performance.now();
      await writer.query(INSERT);
      longest = Math.max(longest, performance.now() - at);
    }
  })();
  await expect(shop.open().install({ epoch: 1, mode: 'armed' })).rejects.toMatchObject({
    code: 'FICUS_FENCE_BUSY',
    message: expect.stringContaining('“orders”'),
  });
  ended = true;
  await writing;
  expect(longest).toBeLessThan(4_000);
  await shop.drop();
}, 120_000);

test('the worker of a native subscription is refused, and continues when the fence is lifted', async () => {
  const [source, shop] = [await make(), await make(DDL, { first: null })];
  const database = new URL(source.url).pathname.slice(1);
  await source.admin.query(`CREATE PUBLICATION p FOR TABLE orders`);
  await source.admin.query(`SELECT pg_create_logical_replication_slot('${database}', 'pgoutput')`);
  await shop.admin.query(
    `CREATE SUBSCRIPTION ${database} CONNECTION 'host=127.0.0.1 port=${cluster.port} user=postgres dbname=${database}' PUBLICATION p WITH (create_slot = false, copy_data = false)`,
  );
  const rows = async (client: pg.Client) => (await client.query('SELECT FROM orders')).rowCount;
  await shop.fence.install({ epoch: 1, mode: 'armed' });
  await source.admin.query(INSERT);
  await expect.poll(() => rows(shop.admin)).toBe(1);
  await shop.turn('1 armed', '2 hold');
  await source.admin.query(INSERT);
  const errors = async () =>
    Number(
      (await shop.admin.query('SELECT sum(apply_error_count) AS n FROM pg_stat_subscription_stats')).rows[0]
        .n,
    );
  await expect.poll(errors).toBeGreaterThan(0);
  expect(await rows(shop.admin)).toBe(1);
  await shop.turn('2 hold', '2 armed');
  await expect.poll(() => rows(shop.admin)).toBe(2);
  await shop.admin.query(
    `ALTER SUBSCRIPTION ${database} DISABLE; ALTER SUBSCRIPTION ${database} SET (slot_name = NONE)`,
  );
  await shop.admin.query(`DROP SUBSCRIPTION ${database}`);
  await shop.drop();
  await source.drop();
}, 120_000);
