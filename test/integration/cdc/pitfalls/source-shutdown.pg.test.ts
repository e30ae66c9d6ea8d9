/**
 * A source that shuts down waits until its walsenders have exited. An engine attached to it must not keep it waiting.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openReplication } from '@ficus/cdc';
import { tableSchema } from '@ficus/core';
import { startCluster } from '@ficus/tools';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { makeTestDirectory } from '../../../parts/test-directory.ts';

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

test('a fast shutdown completes, and the stream continues afterwards', { timeout: 120_000 }, async () => {
  const root = await makeTestDirectory('shutdown');
  const cluster = await startCluster({ dataDir: join(root, 'data'), settings: { fsync: 'off' } });
  await cluster.createDatabase('source');
  const target = await startCluster({ dataDir: join(root, 'target'), settings: { fsync: 'off' } });
  await target.createDatabase('target');
  const notes = 'CREATE TABLE notes (id bigint PRIMARY KEY, body text)';
  await query(cluster.url('source'), `${notes}; CREATE TABLE unrelated (id bigint)`);
  await query(target.url('target'), notes);
  const replication = openReplication({
    onFault: failTheRun,
    slice: 'notes',
    tables: [tableSchema.parse({ from: 'notes', to: 'notes' })],
    sourceUrl: cluster.url('source'),
    targetUrl: target.url('target'),
    settings: { heartbeatMs: 100, reconnectMinMs: 50, reconnectMaxMs: 200 },
  });
  try {
    await replication.start();
    await vi.waitUntil(() => replication.status().state === 'streaming', { timeout: 30_000 });
    // WAL that does not concern the stream: its end is never acknowledged as a transaction of ours.
    await query(cluster.url('source'), 'INSERT INTO unrelated SELECT generate_series(1, 1000)');
    const began = Date.now();
    await cluster.stop();
    expect(Date.now() - began).toBeLessThan(10_000);

    await cluster.restart();
    await query(cluster.url('source'), `INSERT INTO notes VALUES (1, 'after')`);
    const position = await vi.waitFor(() => replication.currentPosition(), {
      timeout: 30_000,
      interval: 100,
    });
    expect(await replication.waitForPosition(position, 20_000)).toBe(true);
  } finally {
    await replication.stop();
    await Promise.all([cluster.stop(), target.stop()]);
    await rm(root, { recursive: true, force: true });
  }
});
