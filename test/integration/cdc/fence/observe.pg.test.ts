/** What a fence records of its writers, and that recording never fails or delays one. */
import { afterEach, expect, inject, test } from 'vitest';
import { createFencedDatabase, type FencedDatabase } from './fenced-database.ts';

const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
/** Sessions that wait for a lock of the fence. */
const WAITING = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
let shop: FencedDatabase;

async function observe(): Promise<void> {
  shop = await createFencedDatabase(
    inject('postgresPort'),
    'CREATE TABLE orders (id serial PRIMARY KEY, note text); CREATE TABLE items (id int)',
    { tables: ['public.orders', 'public.items'], first: '1 observe' },
  );
}
afterEach(() => shop.drop());

const missed = async () =>
  Number(
    (await shop.admin.query(`SELECT coalesce(pg_sequence_last_value('ficus_fence.missed'), 0) AS n`)).rows[0]
      .n,
  );

test('a session is recorded once, with who it is and what it sent', async () => {
  await observe();
  const before = await shop.fence.clock();
  const writer = await shop.connect(shop.writerRole);
  await writer.query(`SET application_name = 'cron'`);
  const { rows } = await writer.query('SELECT pg_backend_pid() AS pid');
  for (let n = 0; n < 3; n++) await writer.query(INSERT);
  await writer.query('DELETE FROM items');
  const [note, ...more] = await shop.fence.notes();
  expect(more).toEqual([]);
  expect(note).toEqual({
    key: expect.stringMatching(/^[0-9a-f-]{36}$/),
    table: 'public.orders',
    statement: 'INSERT',
    user: shop.writerRole,
    application: 'cron',
    address: '127.0.0.1',
    pid: rows[0].pid,
    transactionAtMs: expect.any(Number),
    writtenAtMs: expect.any(Number),
    query: INSERT,
  });
  expect(note!.transactionAtMs).toBeGreaterThanOrEqual(before);
  expect(note!.writtenAtMs).toBeGreaterThanOrEqual(note!.transactionAtMs);
});

test('another application name in the same session is another writer; so is the session a minute later', async () => {
  await observe();
  const writer = await shop.connect(shop.writerRole);
  const { rows } = await shop.admin.query(
    `SELECT substr(proname, 7) AS word FROM pg_proc WHERE proname LIKE 'guard\\_%'`,
  );
  await writer.query(INSERT);
  await writer.query(`SET application_name = 'another'`);
  await writer.query(INSERT);
  await writer.query(INSERT);
  expect(await shop.fence.notes()).toHaveLength(2);
  // As a minute does.
  await writer.query(`SELECT set_config('ficus_fence.until_${rows[0].word}', '1', false)`);
  await writer.query(INSERT);
  expect((await shop.fence.notes()).map(({ application }) => application)).toEqual([
    '',
    'another',
    'another',
  ]);
});

test('what was rolled back leaves no note, and is recorded when it comes again', async () => {
  await observe();
  const writer = await shop.connect(shop.writerRole);
  await writer.query(`BEGIN; ${INSERT}`);
  await writer.query('ROLLBACK');
  expect(await shop.fence.notes()).toEqual([]);
  await writer.query(`BEGIN; SAVEPOINT s; ${INSERT}; ROLLBACK TO s; ${INSERT}; COMMIT`);
  expect(await shop.fence.notes()).toHaveLength(1);
});

test('the stream leaves no note, a person with its role and without a mark does', async () => {
  await observe();
  const applier = await shop.connect(shop.applierRole);
  await applier.query(`BEGIN; SET LOCAL ficus_fence.mark = '1'; ${INSERT}; COMMIT`);
  expect(await shop.fence.notes()).toEqual([]);
  await applier.query(INSERT);
  expect(await shop.fence.notes()).toHaveLength(1);
});

test('on and off without refusing or awaiting a writer, and without an epoch', async () => {
  await observe();
  const open = await shop.connect(shop.writerRole);
  await open.query(`BEGIN; ${INSERT}`);
  expect(await shop.fence.observe(false)).toEqual({ epoch: 1, mode: 'armed' });
  await open.query(INSERT);
  expect(await shop.fence.observe(true)).toEqual({ epoch: 1, mode: 'observe' });
  await open.query('COMMIT');
  await shop.turn('1 observe', '2 hold');
  expect(await shop.fence.observe(true)).toEqual({ epoch: 2, mode: 'hold' });
  await shop.turn('2 hold', '2 moved');
  expect(await shop.fence.observe(false)).toEqual({ epoch: 2, mode: 'moved' });
});

test('a fence that is being turned stays as it is', async () => {
  await observe();
  const open = await shop.connect(shop.writerRole);
  await open.query(`BEGIN; ${INSERT}`);
  const turned = shop.turn('1 observe', '2 hold');
  await expect.poll(async () => (await shop.admin.query(WAITING)).rowCount).toBe(1);
  expect(await shop.fence.observe(false)).toEqual({ epoch: 1, mode: 'observe' });
  await open.query('COMMIT');
  expect(await turned).toMatchObject({ turned: true });
});

test('notes are removed by key, and a long file becomes empty again', async () => {
  await observe();
  for (let n = 0; n < 3; n++) await (await shop.connect(shop.writerRole)).query(INSERT);
  const [oldest, ...others] = await shop.fence.notes();
  expect(await shop.fence.notes(1)).toEqual([oldest]);
  await shop.fence.forget([oldest!.key]);
  expect(await shop.fence.notes()).toEqual(others);
  const size = async () =>
    Number((await shop.admin.query(`SELECT pg_relation_size('ficus_fence.seen') AS size`)).rows[0].size);
  await shop.fence.forget(others.map(({ key }) => key));
  expect(await shop.fence.notes()).toEqual([]);
  // A vacuum that gives pages back locks the table, and a writer that waits for it would be missed.
  await shop.admin.query('VACUUM ficus_fence.seen');
  expect(await size()).toBeGreaterThan(0);
  await (await shop.connect(shop.writerRole)).query(INSERT);
  await shop.admin.query(`INSERT INTO ficus_fence.seen (slice, rel, op, login, app, pid, xact, query)
    SELECT slice, rel, op, login, app, pid, xact, repeat('x', 300) FROM ficus_fence.seen, generate_series(1, 4000)`);
  await shop.fence.forget((await shop.fence.notes()).map(({ key }) => key));
  expect(await size()).toBe(0);
});

test.each([
  ['locked', 'BEGIN; LOCK TABLE ficus_fence.seen'],
  ['gone', 'DROP TABLE ficus_fence.seen'],
  ['full', `ALTER TABLE ficus_fence.seen ADD CHECK (login = 'x')`],
])(
  'a table of notes that is %s fails no writer: the note is counted as missed, and tried again later',
  async (_, sql) => {
    await observe();
    const holder = await shop.connect();
    await holder.query(sql);
    // One wait of 200 ms in each session, not one for each statement. The best of several: a busy machine makes all slow.
    let [median, sessions] = [Number.POSITIVE_INFINITY, 0];
    while (median >= 20 && sessions < 8) {
      const writer = await shop.connect(shop.writerRole);
      const tookMs: number[] = [];
      for (let n = 0; n < 50; n++) {
        const begun = performance.now();
        await writer.query(INSERT);
        tookMs.push(performance.now() - begun);
      }
      sessions += 1;
      expect(await missed()).toBe(sessions);
      median = tookMs.toSorted((a, b) => a - b)[25]!;
    }
    await holder.query('ROLLBACK');
    expect(median).toBeLessThan(20);
    expect((await shop.admin.query('SELECT FROM orders')).rowCount).toBe(50 * sessions);
  },
);

test('a note that can neither be made nor counted fails no writer, and a setting of any text neither', async () => {
  await observe();
  await shop.admin.query('ALTER FUNCTION ficus_fence.note OWNER TO pg_database_owner');
  const writer = await shop.connect(shop.writerRole);
  const { rows } = await shop.admin.query(
    `SELECT substr(proname, 7) AS word FROM pg_proc WHERE proname LIKE 'guard\\_%'`,
  );
  await writer.query(INSERT);
  await writer.query(`SET ficus_fence.until_${rows[0].word} = 'soon'`);
  await writer.query(INSERT);
});

test('beyond its bound the table of notes grows no further', async () => {
  await observe();
  await shop.admin.query(
    `INSERT INTO ficus_fence.seen (slice, rel, op, login, app, pid, xact, query)
     SELECT 'other', 0, 'INSERT', 'a', 'a', 1, now(), repeat(md5(n::text), 9) FROM generate_series(1, 100000) AS n`,
  );
  await (await shop.connect(shop.writerRole)).query(INSERT);
  expect(await missed()).toBe(1);
  expect(await shop.fence.notes()).toEqual([]);
});

test('a table of notes that is full of what no one reads is emptied, which counts as missed, and records again', async () => {
  await observe();
  await shop.admin.query(
    `INSERT INTO ficus_fence.seen (slice, rel, op, login, app, pid, xact, query)
     SELECT 'other', 0, 'INSERT', 'a', 'a', 1, now(), repeat(md5(n::text), 9) FROM generate_series(1, 100000) AS n`,
  );
  await shop.fence.forget([]);
  expect(await missed()).toBe(1);
  await (await shop.connect(shop.writerRole)).query(INSERT);
  expect([await missed(), (await shop.fence.notes()).length]).toEqual([1, 1]);
});

test('a writer’s own limit of time is longer than the wait for its note', async () => {
  await observe();
  const holder = await shop.connect();
  const passed: boolean[] = [];
  // A busy machine may use up the limit by itself, though not five times: a wait of 200 ms always does.
  while (passed.length < 5 && !passed.at(-1)) {
    const writer = await shop.connect(shop.writerRole);
    // Its functions are compiled.
    await writer.query(`BEGIN; ${INSERT}`);
    await writer.query(`ROLLBACK; SET statement_timeout = '190ms'`);
    await holder.query('BEGIN; LOCK TABLE ficus_fence.seen');
    passed.push(
      await writer.query(INSERT).then(
        () => true,
        (error) => {
          if (error.code !== '57014') throw error;
          return false;
        },
      ),
    );
    await holder.query('ROLLBACK');
  }
  expect(passed.at(-1)).toBe(true);
  expect(await missed()).toBeGreaterThan(0);
});

test('no stranger makes a note by calling the function', async () => {
  await observe();
  const writer = await shop.connect(shop.writerRole);
  await writer.query(`SELECT ficus_fence.note('orders', 'orders', 0, 'INSERT')`);
  expect(await shop.fence.notes()).toEqual([]);
});
