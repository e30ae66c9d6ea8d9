/**
 * PostgreSQL ends an autovacuum that keeps a session from a lock, but only for one that waits as long as its
 * deadlock_timeout. After a first copy each table is vacuumed, and a large one for hours.
 */
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const ROWS = 5_000;
/** Far longer than any test waits. */
const SLOWLY = `autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
  autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0`;

let cluster: OwnCluster;
let pair: StreamedPair;
beforeAll(async () => {
  cluster = await startOwnCluster('vacuumed', { autovacuum_naptime: '1s' });
});
afterAll(() => cluster.remove());
beforeEach(async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY, v text)';
  pair = await startStreamedPair(cluster.port, {
    sourceSql: `${table}; INSERT INTO item SELECT i, repeat('x', 500) FROM generate_series(1, ${ROWS}) AS i`,
    targetSql: `${table}; ALTER TABLE item SET (autovacuum_enabled = off, ${SLOWLY})`,
    tables: [{ from: 'item', to: 'item' }],
  });
  onTestFinished(() => pair.drop());
  await pair.settle();
  await pair.target.query('DELETE FROM item WHERE id = 1; INSERT INTO item VALUES (1)');
  await pair.target.query('ALTER TABLE item RESET (autovacuum_enabled)');
  await expect.poll(vacuums).toBe(1);
});

const vacuums = async () => (await pair.target.query('SELECT FROM pg_stat_progress_vacuum')).rowCount;

test('a new copy empties the table', async () => {
  expect(await pair.replication.drop({ emptyTarget: true })).toEqual([{ table: 'public.item', rows: ROWS }]);
});

test('a TRUNCATE of the source is applied', async () => {
  await pair.source.query('TRUNCATE item');
  await pair.settle();
  expect((await pair.target.query('SELECT FROM item')).rowCount).toBe(0);
});
