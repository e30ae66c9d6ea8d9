/**
 * Rows that were applied but not made durable are lost when the target's machine crashes. They must not be reported as
 * applied.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { startStreamedPair } from '../rig/streamed-pair.ts';

let cluster: OwnCluster;
beforeAll(async () => {
  // Nothing is written to disk for a while unless a client requires it.
  cluster = await startOwnCluster('crash', { wal_writer_delay: '10s' });
});
afterAll(() => cluster.remove());

test('after a crash of the target a position does not count as applied until it is applied again', async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY)';
  const pair = await startStreamedPair(cluster.port, {
    sourcePort: inject('postgresPort'),
    sourceSql: table,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
    options: {
      settings: { heartbeatMs: 60_000, acknowledgeMs: 600_000, reconnectMinMs: 50, reconnectMaxMs: 100 },
    },
  });
  try {
    const { replication, source } = pair;
    await pair.settle();
    await source.query('INSERT INTO item VALUES (1)');
    const lsn = await replication.currentPosition();
    expect(await replication.waitForPosition(lsn, 10_000)).toBe(true);
    await cluster.kill();
    await expect.poll(() => replication.status().state).toBe('reconnecting');
    let answered: boolean | undefined;
    const waiting = replication.waitForPosition(lsn, 20_000).then((reached) => {
      answered = reached;
      return reached;
    });
    await expect.poll(() => answered, { timeout: 200 }).toBe(undefined);
    await cluster.restart();
    expect(await waiting).toBe(true);
    const rows = await queryFresh(pair.targetUrl, 'SELECT * FROM item');
    expect(rows).toEqual([{ id: 1 }]);
  } finally {
    await pair.drop();
  }
});

async function queryFresh(connectionString: string, sql: string): Promise<unknown[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}
