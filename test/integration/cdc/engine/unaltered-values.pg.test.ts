/** Alterations that change no row, beside those that look like them: only the others need a new copy. */
import pg from 'pg';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { released } from '../rig/released.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TYPE color AS ENUM ('red', 'green'); CREATE TABLE car (id int PRIMARY KEY, wheels int, paint color);
  ALTER TABLE car ADD seats int DEFAULT 4;`;

async function start(): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE} INSERT INTO car VALUES (1)`,
    targetSql: TABLE,
    tables: [{ from: 'car', to: 'car' }],
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

test('tables that are written again, and columns that are altered at another time, are nothing to copy again for', async () => {
  const { source, target, replication, settle, verify } = await start();
  const files = async () =>
    JSON.stringify(
      (await target.query(`SELECT shape -> 'storage' AS storage FROM ficus.copy_progress`)).rows,
    );
  for (const side of [source, target])
    for (const sql of [
      'VACUUM FULL car',
      'ALTER TABLE car ALTER wheels SET STATISTICS 50',
      'CLUSTER car USING car_pkey',
    ]) {
      const before = await files();
      await side.query(sql);
      await expect.poll(files).not.toBe(before);
    }
  await source.query('TRUNCATE car');
  await source.query('INSERT INTO car (id) VALUES (2)');
  await settle();
  await replication.stop();
  await released(source);
  await replication.start();
  await settle();
  expect(replication.status()).toMatchObject({ state: 'streaming' });
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 1, target: 1 } });
});

test('a type that the service renames is noticed before a row needs it', async () => {
  const { source, target, settle, verify } = await start();
  const pid = async () =>
    (await source.query('SELECT active_pid FROM pg_replication_slots WHERE database = current_database()'))
      .rows[0].active_pid;
  const before = await pid();
  await target.query('ALTER TYPE color RENAME TO hue');
  await expect.poll(async () => (await pid()) ?? before).not.toBe(before);
  await source.query(`INSERT INTO car (id, paint) VALUES (2, 'green')`);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

const CREATED: Readonly<Record<string, string>> = {
  'created and filled in one transaction': `BEGIN; CREATE TABLE trip_2 PARTITION OF trip FOR VALUES FROM (10) TO (20);
    INSERT INTO trip VALUES (1, 11), (2, 12); COMMIT`,
  'attached empty and filled in one transaction': `BEGIN; CREATE TABLE trip_2 (LIKE trip INCLUDING ALL);
    ALTER TABLE trip ATTACH PARTITION trip_2 FOR VALUES FROM (10) TO (20); INSERT INTO trip VALUES (1, 11), (2, 12); COMMIT`,
  'created in a savepoint, and filled outside': `BEGIN; SAVEPOINT a; CREATE TABLE trip_2 PARTITION OF trip FOR VALUES FROM (10) TO (20);
    RELEASE a; INSERT INTO trip VALUES (1, 11), (2, 12); COMMIT`,
  'attached empty in a savepoint, and filled outside': `BEGIN; SAVEPOINT a; CREATE TABLE trip_2 (LIKE trip INCLUDING ALL);
    ALTER TABLE trip ATTACH PARTITION trip_2 FOR VALUES FROM (10) TO (20); RELEASE a; INSERT INTO trip VALUES (1, 11), (2, 12); COMMIT`,
  'of partitions, by a hash': `CREATE TABLE trip_2 PARTITION OF trip FOR VALUES FROM (10) TO (20) PARTITION BY HASH ("Day");
    CREATE TABLE trip_2a PARTITION OF trip_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0); INSERT INTO trip VALUES (1, 11), (2, 12)`,
};

const FILLED: Readonly<Record<string, string>> = {
  'filled and attached in one transaction': `BEGIN; CREATE TABLE trip_2 (LIKE trip INCLUDING ALL); INSERT INTO trip_2 VALUES (1, 11);
    ALTER TABLE trip ATTACH PARTITION trip_2 FOR VALUES FROM (10) TO (20); COMMIT`,
  'of partitions that were filled': `CREATE TABLE trip_2 (LIKE trip) PARTITION BY HASH ("Day");
    CREATE TABLE trip_2a PARTITION OF trip_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0); INSERT INTO trip_2 VALUES (1, 11)`,
};

async function startPartitioned(): Promise<StreamedPair> {
  const table = 'CREATE TABLE trip (id int, "Day" int, PRIMARY KEY (id, "Day"))';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table} PARTITION BY RANGE ("Day"); CREATE TABLE trip_1 PARTITION OF trip FOR VALUES FROM (0) TO (10);
      INSERT INTO trip VALUES (1, 1)`,
    targetSql: table,
    tables: [{ from: 'trip', to: 'trip' }],
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

describe.each([
  ['while the stream runs', false],
  ['while no stream runs', true],
])('a partition, %s', (_when, stopped) => {
  test.each(Object.entries(CREATED))('%s: its rows are in the stream', async (_name, sql) => {
    const { source, replication, settle, verify } = await startPartitioned();
    if (stopped) await replication.stop();
    await source.query(sql);
    await source.query('UPDATE trip SET id = 3 WHERE "Day" = 12');
    await replication.stop();
    await released(source);
    await replication.start();
    await settle();
    expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 3, target: 3 } });
  });

  test.each([
    'CREATE TABLE trip_2 PARTITION OF trip FOR VALUES FROM (10) TO (20)',
    'BEGIN; CREATE TABLE trip_2 (LIKE trip INCLUDING ALL); ALTER TABLE trip ATTACH PARTITION trip_2 FOR VALUES FROM (10) TO (20); COMMIT',
  ])(
    'filled by a transaction that began before it was made: its rows are in the stream (%s)',
    async (sql) => {
      const { source, sourceUrl, replication, settle, verify } = await startPartitioned();
      if (stopped) await replication.stop();
      const other = new pg.Client({ connectionString: sourceUrl });
      await other.connect();
      await other.query('BEGIN; SELECT pg_current_xact_id()');
      await source.query(sql);
      await other.query('INSERT INTO trip VALUES (1, 11); COMMIT');
      await other.end();
      await replication.stop();
      await released(source);
      await replication.start();
      await settle();
      expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2, target: 2 } });
    },
  );

  test.each(Object.entries(FILLED))('%s: it is named', async (_name, sql) => {
    const { source, replication } = await startPartitioned();
    if (stopped) await replication.stop();
    await source.query(sql);
    if (!sql.includes('ATTACH'))
      await source.query('ALTER TABLE trip ATTACH PARTITION trip_2 FOR VALUES FROM (10) TO (20)');
    if (stopped) await replication.start();
    await expect
      .poll(() => replication.status().problem?.message)
      .toContain('attached to public.trip with rows');
  });
});
