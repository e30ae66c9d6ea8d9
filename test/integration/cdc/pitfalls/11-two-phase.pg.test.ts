/**
 * Pitfall 11: two-phase decoding is off, so that a prepared transaction arrives complete when it is committed, and a
 * rolled-back one never does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let cluster: OwnCluster;
let pair: StreamedPair | undefined;

beforeAll(async () => {
  cluster = await startOwnCluster('two-phase', { max_prepared_transactions: '5' });
});

afterAll(async () => {
  await pair?.drop();
  await cluster.remove();
});

test('prepared transactions arrive at their commit, or not at all', async () => {
  pair = await startStreamedPair(cluster.port, {
    sourceSql: 'CREATE TABLE t (id int PRIMARY KEY, v text)',
    targetSql: 'CREATE TABLE t (id int PRIMARY KEY, v text)',
    tables: [{ from: 't', to: 't' }],
  });
  await pair.settle();
  const { source, target } = pair;
  await source.query(`BEGIN; INSERT INTO t VALUES (1, 'kept'); PREPARE TRANSACTION 'kept'`);
  await source.query(`BEGIN; INSERT INTO t VALUES (2, 'dropped'); PREPARE TRANSACTION 'dropped'`);
  await source.query(`INSERT INTO t VALUES (3, 'meanwhile')`);
  await pair.settle();
  const seen = async () =>
    (await target.query<{ id: number }>('SELECT id FROM t ORDER BY id')).rows.map((row) => row.id);
  expect(await seen()).toEqual([3]);
  await source.query(`COMMIT PREPARED 'kept'`);
  await source.query(`ROLLBACK PREPARED 'dropped'`);
  await pair.settle();
  expect(await seen()).toEqual([1, 3]);
});
