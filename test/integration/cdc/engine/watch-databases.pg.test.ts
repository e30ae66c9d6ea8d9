/**
 * The watch looks about every second at databases that others work on: it must neither wait for their locks nor leave
 * processes on their servers.
 */
import pg from 'pg';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { readDigest } from '../../../../cdc/catalog/read-digest.ts';
import { applySessionSettings } from '../../../../cdc/catalog/session-settings.ts';
import { findRefusedTables } from '../../../../cdc/source/protect-source.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const drops: (() => unknown)[] = [];
afterEach(async () => {
  for (const drop of drops.splice(0).reverse()) await drop();
});

/** A session of somebody else, in a transaction. */
async function begin(url: string, sql: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  drops.push(() => client.end());
  await client.query(`BEGIN; ${sql}`);
  return client;
}

describe('a question about locked tables', () => {
  const TABLES = `CREATE SCHEMA yard; CREATE TABLE yard.crate (id int PRIMARY KEY);
    CREATE TABLE berth (id int) PARTITION BY RANGE (id);
    CREATE TABLE berth_low PARTITION OF berth FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
    CREATE TABLE yard.berth_1 PARTITION OF berth_low DEFAULT; CREATE TABLE berth_2 PARTITION OF berth DEFAULT;`;
  const MAPPED = ['public.berth', 'yard.crate'];
  const LOCK = 'LOCK TABLE yard.crate, berth, berth_low, yard.berth_1, berth_2 IN ACCESS EXCLUSIVE MODE';
  const FOR: Readonly<Record<string, readonly string[]>> = {
    'TABLE berth, yard.crate WITH (publish_via_partition_root)': ['public.berth_2', 'yard.berth_1'],
    'TABLE berth_low': ['yard.berth_1'],
    'ALL TABLES': ['public.berth_2', 'yard.berth_1'],
    'TABLES IN SCHEMA yard': ['yard.berth_1'],
    'TABLES IN SCHEMA public WITH (publish_via_partition_root)': ['public.berth_2', 'yard.berth_1'],
  };

  async function prepare(): Promise<DatabasePair> {
    const pair = await createDatabasePair(inject('postgresPort'));
    drops.push(() => pair.drop());
    await pair.source.query(`${TABLES} SET lock_timeout = '200ms'`);
    return pair;
  }

  test.each(Object.entries(FOR))('what PostgreSQL refuses, FOR %s', async (what, refused) => {
    const { source, sourceUrl } = await prepare();
    await source.query(`CREATE PUBLICATION ficus_yard FOR ${what}`);
    await begin(sourceUrl, LOCK);
    const found = await findRefusedTables(source, 'ficus_yard', MAPPED);
    expect(found.map(({ table }) => table)).toEqual(refused);
  });

  test('the digest', async () => {
    const { source, sourceUrl } = await prepare();
    const before = await readDigest(source, MAPPED);
    const other = await begin(sourceUrl, LOCK);
    expect(await readDigest(source, MAPPED)).toBe(before);
    await other.query('ALTER TABLE yard.berth_1 SET UNLOGGED; COMMIT');
    expect(await readDigest(source, MAPPED)).not.toBe(before);
  });
});

test('indexes that are built again or not completed leave the digest as it was', async () => {
  const pair = await createDatabasePair(inject('postgresPort'));
  drops.push(() => pair.drop());
  const { source } = pair;
  await source.query(
    'CREATE TABLE kiosk (id int PRIMARY KEY, n int); INSERT INTO kiosk VALUES (1, 1), (2, 1)',
  );
  const digest = () => readDigest(source, ['public.kiosk']);
  const before = await digest();
  await source.query('REINDEX TABLE CONCURRENTLY kiosk');
  expect(await digest()).toBe(before);
  await expect(source.query('CREATE UNIQUE INDEX CONCURRENTLY by_n ON kiosk (n)')).rejects.toThrow('unique');
  expect(await digest()).toBe(before);
  await source.query('CREATE UNIQUE INDEX by_both ON kiosk (n, id)');
  expect(await digest()).not.toBe(before);
});

describe('beside a stream', () => {
  async function start(): Promise<StreamedPair> {
    const pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: 'CREATE TABLE tram (id int PRIMARY KEY, n int); INSERT INTO tram VALUES (1, 1)',
      targetSql: 'CREATE TABLE tram (id int PRIMARY KEY, n int)',
      tables: [{ from: 'tram', to: 'tram' }],
      options: { settings: { slotCheckMs: 50, unwatchedMs: 500, retryMs: 50 } },
    });
    drops.push(() => pair.drop());
    await pair.settle();
    return pair;
  }

  /** Processes of the stream that wait for a lock. */
  async function waiting(client: pg.Client): Promise<number[]> {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'ficus facts' AND wait_event_type = 'Lock'
          AND datname = current_database()`,
    );
    return rows.map(({ pid }) => pid);
  }

  test('a question that waits for a lock ends on the server, too', { timeout: 120_000 }, async () => {
    const { source, sourceUrl } = await start();
    await begin(sourceUrl, 'LOCK TABLE pg_publication IN ACCESS EXCLUSIVE MODE');
    await expect.poll(() => waiting(source)).not.toEqual([]);
    const first = await waiting(source);
    await expect
      .poll(async () => (await waiting(source)).filter((pid) => first.includes(pid)), {
        interval: 10,
      })
      .toEqual([]);
  });

  test.each(['source', 'target'] as const)(
    'a %s that cannot be checked shows, and keeps nothing else from being checked',
    { timeout: 40_000 },
    async (side) => {
      const { source, sourceUrl, targetUrl, settle, replication } = await start();
      const other = await begin(
        side === 'source' ? sourceUrl : targetUrl,
        'LOCK TABLE pg_trigger IN ACCESS EXCLUSIVE MODE',
      );
      const problem = () => replication.status().problem?.message;
      await expect.poll(problem).toContain(`The checks of the ${side} have failed since`);
      expect(replication.status()).toMatchObject({
        state: 'streaming',
        problem: { code: 'FICUS_CDC_UNWATCHED' },
      });
      if (side === 'target') {
        await source.query('ALTER TABLE tram REPLICA IDENTITY NOTHING');
        await expect
          .poll(() => source.query('UPDATE tram SET n = 2').catch(() => 'refused'))
          .not.toBe('refused');
        return;
      }
      await other.query('ROLLBACK');
      await expect.poll(problem).toBe(undefined);
      await source.query('UPDATE tram SET n = 2');
      await settle();
    },
  );
});

test('queries of large catalogs are not compiled, whatever the server is set to: that takes a hundred times as long', async () => {
  const pair = await createDatabasePair(inject('postgresPort'));
  drops.push(() => pair.drop());
  await pair.source.query('SET jit = on');
  await applySessionSettings(pair.source);
  expect((await pair.source.query('SHOW jit')).rows).toEqual([{ jit: 'off' }]);
});
