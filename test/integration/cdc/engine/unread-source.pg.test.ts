/**
 * A table that was never analyzed, as a partitioned one is until a manual ANALYZE, has no number of rows; and
 * counting them reads all of it.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../mapping/streamed-pair.ts';

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
    options: { settings },
  });
}

/** How often all of it was read; the server counts when a session has ended. */
async function readings({ source }: StreamedPair): Promise<number> {
  const { rows } = await source.query('SELECT sum(seq_scan)::int AS scans FROM pg_stat_user_tables');
  return rows[0].scans;
}

test('its size tells how much of it is copied', async () => {
  pair = await startItems(ROWS, { copyRowsPerSecond: 100, copyChunkRows: 10 });
  const { replication } = pair;
  const { rowsTotal } = replication.status().copy ?? { rowsTotal: 0 };
  expect(rowsTotal).toBeGreaterThan(ROWS * 0.9);
  expect(rowsTotal).toBeLessThan(ROWS * 1.1);
  await replication.stop();
  expect(await readings(pair)).toBe(0);
});

test('a small one is counted; once it is copied, a stream that starts again has its number', async () => {
  pair = await startItems(10);
  const { replication } = pair;
  expect(replication.status()).toMatchObject({ copy: { rowsTotal: 10 } });
  await pair.settle();
  await replication.stop();
  await replication.start();
  expect(replication.status()).toMatchObject({ state: 'streaming', copy: { rowsCopied: 10, rowsTotal: 10 } });
  await replication.stop();
  expect(await readings(pair)).toBeLessThan(2);
});
