/**
 * A table that was never analyzed, as a partitioned one is until a manual ANALYZE, has no row estimate; and counting
 * its rows reads all of it.
 */
import { afterEach, expect, inject, test } from 'vitest';
import type { DatabasePair } from '../rig/database-pair.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, body text)';
const ROWS = 60_000;

function startItems(rows: number, settings = {}): Promise<StreamedPair> {
  return startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE} PARTITION BY RANGE (id); CREATE TABLE item_1 PARTITION OF item DEFAULT WITH (autovacuum_enabled = off);
      INSERT INTO item SELECT i, repeat('x', 300) FROM generate_series(1, ${rows}) i`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    onDatabases: forgetReadings,
    options: { settings },
  });
}

/**
 * CREATE TABLE reads the table, too, to build its index. The server counts what a session read once the session ends or
 * has been idle for a while, which could be any time during the test.
 */
async function forgetReadings({ source }: DatabasePair): Promise<void> {
  await source.query('SELECT pg_stat_force_next_flush()');
  await source.query('SELECT pg_stat_reset()');
}

/** How often the stream's sessions, which must be stopped, have read all of it; counted when each has ended. */
async function readings({ source }: StreamedPair): Promise<number> {
  const sessions = async () => {
    const { rows } = await source.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ficus%'`,
    );
    return rows.length;
  };
  await expect.poll(sessions).toBe(0);
  const { rows } = await source.query('SELECT sum(seq_scan)::int AS scans FROM pg_stat_user_tables');
  return rows[0].scans;
}

test('its size gives the progress of the copy', async () => {
  pair = await startItems(ROWS, { copyRowsPerSecond: 100, copyChunkRows: 10 });
  const { replication } = pair;
  await expect.poll(() => replication.status().state).toBe('copying');
  const { rowsTotal } = replication.status().copy ?? { rowsTotal: 0 };
  expect(rowsTotal).toBeGreaterThan(ROWS * 0.9);
  expect(rowsTotal).toBeLessThan(ROWS * 1.1);
  await replication.stop();
  expect(await readings(pair)).toBe(0);
});

test('a small table is counted; a restarted stream still knows the count', async () => {
  pair = await startItems(10);
  const { replication } = pair;
  await expect.poll(() => replication.status()).toMatchObject({ copy: { rowsTotal: 10 } });
  await pair.settle();
  await replication.stop();
  await replication.start();
  await expect
    .poll(() => replication.status())
    .toMatchObject({ state: 'streaming', copy: { rowsCopied: 10, rowsTotal: 10 } });
  await replication.stop();
  expect(await readings(pair)).toBeLessThan(2);
});
