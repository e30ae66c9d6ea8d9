/** Tables and partitions that a fence covers, what it calls a gap, and what becomes of it when tables change. */
import { afterEach, expect, inject, test } from 'vitest';
import { createFencedDatabase, type FencedDatabase, type FencedOptions } from './fenced-database.ts';

const REFUSED = { code: 'FI001' };
const PARTED = `CREATE TABLE events (id int, at int) PARTITION BY RANGE (at);
  CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (10)`;
const ORDERS = 'CREATE TABLE orders (id serial PRIMARY KEY, note text)';
const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
let shop: FencedDatabase;

async function make(ddl: string, options: FencedOptions = {}): Promise<void> {
  shop = await createFencedDatabase(inject('postgresPort'), ddl, options);
}
afterEach(() => shop.drop());

const again = () => shop.fence.install({ epoch: 1, mode: 'armed' });
const gaps = async () => (await shop.fence.gaps()).map(({ table, why }) => `${table} ${why}`);
const NO_TRIGGER = 'has no trigger of the fence, or one that is disabled';

test('a new partition is a gap, and armed when the fence is installed again', async () => {
  await make(PARTED, { tables: ['public.events'] });
  await shop.admin.query('CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (10) TO (20)');
  expect(await gaps()).toEqual([`public.events_high ${NO_TRIGGER}`]);
  await expect(shop.turn('1 armed', '2 hold')).rejects.toMatchObject({
    code: 'FICUS_FENCE_GAPS',
    message: `Slice “orders”: public.events_high ${NO_TRIGGER}.`,
  });
  // Nothing holds meanwhile.
  await shop.admin.query('INSERT INTO events VALUES (1, 1)');
  await again();
  expect(await gaps()).toEqual([]);
  await shop.turn('1 armed', '2 hold');
  await expect(shop.admin.query('INSERT INTO events_high VALUES (1, 12)')).rejects.toMatchObject(REFUSED);
});

test('a slice that names one leaf fences the whole tree: a statement on the root writes the leaf, too', async () => {
  await make(PARTED, { tables: ['public.events_low'] });
  await shop.turn('1 armed', '2 hold');
  for (const table of ['events', 'events_low'])
    await expect(shop.admin.query(`INSERT INTO ${table} VALUES (1, 1)`)).rejects.toMatchObject(REFUSED);
});

test.each([
  ['disabled', 'ALTER TABLE orders DISABLE TRIGGER USER'],
  ['enabled for origin alone', 'ALTER TABLE orders ENABLE TRIGGER USER'],
  [
    'dropped',
    `DO $$ BEGIN EXECUTE (SELECT format('DROP TRIGGER %I ON orders', tgname) FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal); END $$`,
  ],
  [
    'made again for INSERT alone',
    `DO $$ BEGIN EXECUTE (SELECT format('CREATE OR REPLACE TRIGGER %I BEFORE INSERT ON orders EXECUTE FUNCTION %s()', tgname, tgfoid::regproc)
       FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal); END $$`,
  ],
])('a trigger that was %s is a gap before the hold, and before the point of no return', async (_, sql) => {
  await make(ORDERS);
  await shop.admin.query(sql);
  await expect(shop.turn('1 armed', '2 hold')).rejects.toMatchObject({ code: 'FICUS_FENCE_GAPS' });
  await again();
  await shop.turn('1 armed', '2 hold');
  await shop.admin.query(sql);
  await expect(shop.turn('2 hold', '2 moved')).rejects.toMatchObject({ code: 'FICUS_FENCE_GAPS' });
  expect(await shop.fence.state()).toEqual({ epoch: 2, mode: 'hold' });
});

test('open DDL on a table is waited for as long as writers are; then it is named', async () => {
  await make(ORDERS);
  const other = await shop.connect();
  await other.query('BEGIN; ALTER TABLE orders DISABLE TRIGGER USER');
  await expect(shop.turn('1 armed', '2 hold', 100)).rejects.toMatchObject({
    code: 'FICUS_FENCE_GAPS',
    message: expect.stringMatching(/public\.orders is locked as DDL locks it, by process \d+/),
  });
  const turned = shop.turn('1 armed', '2 hold', 10_000);
  await other.query('ROLLBACK');
  expect(await turned).toMatchObject({ turned: true });
});

test('renamed: refused under the new name, and a gap under the old one; a table of that name is not taken for it', async () => {
  await make(ORDERS);
  await shop.admin.query('ALTER TABLE orders RENAME TO orders_old');
  expect(await gaps()).toEqual(['public.orders does not exist: dropped or renamed']);
  await shop.admin.query(ORDERS.replace('orders (', 'orders (more int, '));
  expect(await gaps()).toEqual([`public.orders ${NO_TRIGGER}`]);
  await again();
  expect(await gaps()).toEqual([]);
  // No table of the config any more, and freed.
  await shop.turn('1 armed', '2 hold');
  await shop.admin.query(`INSERT INTO orders_old (note) VALUES ('n')`);
  await expect(shop.admin.query(INSERT)).rejects.toMatchObject(REFUSED);
});

test('a table that has left the config is freed, but not by a fence that has moved', async () => {
  await make(`${ORDERS}; CREATE TABLE items (id int)`, { tables: ['public.orders', 'public.items'] });
  await shop.turn('1 armed', '2 moved');
  const smaller = shop.open({ tables: ['public.orders'] });
  await smaller.install({ epoch: 1, mode: 'armed' });
  await expect(shop.admin.query('INSERT INTO items VALUES (1)')).rejects.toMatchObject(REFUSED);
  await shop.turn('2 moved', '3 armed');
  await smaller.install({ epoch: 1, mode: 'armed' });
  await smaller.turn({
    expected: { epoch: 3, mode: 'armed' },
    wanted: { epoch: 4, mode: 'hold' },
    drainMs: 1_000,
  });
  await shop.admin.query('INSERT INTO items VALUES (1)');
});

test('a table that the config names and that does not exist cannot be fenced', async () => {
  await make(ORDERS, { tables: ['public.nothing'], first: null });
  await expect(again()).rejects.toMatchObject({ code: 'FICUS_CDC_TABLE_MISSING' });
});

test('columns added, and another owner: the fence stands', async () => {
  await make(ORDERS);
  await shop.admin.query(
    `ALTER TABLE orders ADD COLUMN more int DEFAULT 3, ALTER COLUMN note TYPE varchar; ALTER TABLE orders OWNER TO ${shop.writerRole}`,
  );
  await again();
  await shop.turn('1 armed', '2 hold');
  await expect((await shop.connect(shop.writerRole)).query(INSERT)).rejects.toMatchObject(REFUSED);
});

test('TRUNCATE, VACUUM FULL and CLUSTER leave the triggers where they are', async () => {
  await make(ORDERS);
  for (const sql of [
    'TRUNCATE orders',
    'VACUUM FULL orders',
    'CLUSTER orders USING orders_pkey',
    'REINDEX TABLE orders',
  ])
    await shop.admin.query(sql);
  expect(await gaps()).toEqual([]);
});

test('a copy of the database keeps state, key and triggers', async () => {
  await make(ORDERS);
  await shop.turn('1 armed', '2 moved');
  const [from, to] = [new URL(shop.url).pathname.slice(1), `${new URL(shop.url).pathname.slice(1)}_copy`];
  await shop.fence.close();
  await shop.admin.end();
  const elsewhere = shop.url.replace(`/${from}`, '/postgres');
  const { default: pg } = await import('pg');
  const admin = new pg.Client({ connectionString: elsewhere });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${to} TEMPLATE ${from}`);
    const fence = shop.open({ url: shop.url.replace(`/${from}`, `/${to}`) });
    expect(await fence.state()).toEqual({ epoch: 2, mode: 'moved' });
    expect(await fence.gaps()).toEqual([]);
    await fence.close();
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${to} WITH (FORCE)`);
    await admin.end();
  }
});

test.each([
  ['quotes and capitals', 'Or"der\'s; $ficus$ %I', 'Sh"op', `Ord"er's $ficus$ %I @ Ü`],
  ['63 bytes', 'a'.repeat(200), 's'.repeat(63), 't'.repeat(63)],
  ['a reserved word', 'select', 'user', 'table'],
])('any name: %s', async (_, slice, schema, table) => {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const name = `${quote(schema)}.${quote(table)}`;
  await make(`CREATE SCHEMA ${quote(schema)}; CREATE TABLE ${name} (id int)`, {
    slice,
    tables: [`${schema}.${table}`],
    first: '1 observe',
  });
  await shop.admin.query(`INSERT INTO ${name} VALUES (1)`);
  expect((await shop.fence.notes()).map((note) => note.table)).toEqual([`${schema}.${table}`]);
  await shop.turn('1 observe', '2 hold');
  await expect(shop.admin.query(`INSERT INTO ${name} VALUES (1)`)).rejects.toMatchObject({
    ...REFUSED,
    schema,
    table,
  });
});

test('two slices whose names shorten to the same word, and share a table, each with its own fence', async () => {
  await make(ORDERS, { slice: 'a-b' });
  const other = shop.open({ slice: 'a_b' });
  await other.install({ epoch: 5, mode: 'armed' });
  await shop.turn('1 armed', '2 hold');
  expect(await other.state()).toEqual({ epoch: 5, mode: 'armed' });
  await expect(shop.admin.query(INSERT)).rejects.toMatchObject(REFUSED);
  await shop.turn('2 hold', '3 armed');
  await shop.admin.query(INSERT);
  await other.turn({
    expected: { epoch: 5, mode: 'armed' },
    wanted: { epoch: 6, mode: 'moved' },
    drainMs: 1_000,
  });
  await expect(shop.admin.query(INSERT)).rejects.toMatchObject({
    ...REFUSED,
    hint: expect.stringContaining('a_b'),
  });
});

test('installed by several at the same moment, and under load: one key, no gap, no failed write', async () => {
  await make(`${ORDERS}; ${PARTED}`, { tables: ['public.orders', 'public.events'], first: null });
  const writer = await shop.connect(shop.writerRole);
  let [stop, writes] = [false, 0];
  const writing = (async () => {
    for (; !stop; writes++) await writer.query(`BEGIN; ${INSERT}; INSERT INTO events VALUES (1, 1); COMMIT`);
  })();
  const fences = Array.from({ length: 4 }, () => shop.open({ tables: ['public.orders', 'public.events'] }));
  const states = await Promise.all(fences.map((fence) => fence.install({ epoch: 1, mode: 'armed' })));
  stop = true;
  await writing;
  expect(states).toEqual(states.map(() => ({ epoch: 1, mode: 'armed' })));
  expect(await gaps()).toEqual([]);
  expect(writes).toBeGreaterThan(0);
});

test('a table in use by a long transaction is named, with what ends it', async () => {
  await make(ORDERS, { first: null });
  const open = await shop.connect(shop.writerRole);
  await open.query(`SET application_name = 'nightly'; BEGIN; ${INSERT}`);
  await expect(again()).rejects.toMatchObject({
    code: 'FICUS_FENCE_BUSY',
    message: expect.stringMatching(
      /“(public\.)?orders” is in use by process \d+ .*“nightly”.*pg_terminate_backend/,
    ),
  });
  await open.query('COMMIT');
  expect(await again()).toEqual({ epoch: 1, mode: 'armed' });
});

test('the lock taken by accident: exclusively it refuses writers, shared it keeps the drain waiting; both are shown', async () => {
  await make(ORDERS);
  const { rows } = await shop.admin.query(
    `SELECT (regexp_match(prosrc, 'shared\\((\\d+)\\)'))[1] AS key FROM pg_proc WHERE proname LIKE 'guard\\_%'`,
  );
  const stranger = await shop.connect(shop.writerRole);
  await stranger.query(`SET application_name = 'stranger'; SELECT pg_advisory_lock(${rows[0].key})`);
  await expect(shop.admin.query(INSERT)).rejects.toMatchObject(REFUSED);
  expect(await shop.fence.blockers()).toEqual([expect.objectContaining({ application: 'stranger' })]);
  await stranger.query(
    `SELECT pg_advisory_unlock(${rows[0].key}); SELECT pg_advisory_lock_shared(${rows[0].key})`,
  );
  await shop.admin.query(INSERT);
  await expect(shop.turn('1 armed', '2 hold', 50)).rejects.toMatchObject({
    code: 'FICUS_FENCE_DRAIN',
    message: expect.stringContaining('stranger'),
  });
});
