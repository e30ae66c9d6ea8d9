/**
 * What a cutover waits for before it changes the owner must survive a crash of the new owner's database: the stream
 * commits without waiting for the disk, and rows that come again only after the new owner's fence was lifted would meet
 * its own writes.
 */
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let cluster: OwnCluster;
let pair: StreamedPair | undefined;
beforeAll(async () => {
  // Nothing is written to disk for a while unless a client requires it.
  cluster = await startOwnCluster('durable', { wal_writer_delay: '10s' });
});
afterAll(() => cluster.remove());
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY)';

async function start(): Promise<StreamedPair> {
  pair = await startStreamedPair(cluster.port, {
    sourcePort: inject('postgresPort'),
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: {
      settings: { heartbeatMs: 60_000, acknowledgeMs: 600_000, reconnectMinMs: 50, reconnectMaxMs: 100 },
    },
  });
  await pair.settle();
  return pair;
}

/** What the target has after a crash, before anything can be applied again. */
async function crash({ replication, targetUrl }: StreamedPair): Promise<unknown[]> {
  await cluster.kill();
  await replication.stop();
  await cluster.restart();
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: targetUrl });
  await client.connect();
  const { rows } = await client.query('SELECT id FROM item ORDER BY id').finally(() => client.end());
  return rows.map(({ id }) => id);
}

test('a position that is only applied may be lost; one that is durable is not', async () => {
  const { source, replication } = await start();
  await source.query('INSERT INTO item VALUES (1)');
  expect(await replication.waitForDurable(await replication.currentPosition(), 10_000)).toBe(true);
  await source.query('INSERT INTO item VALUES (2)');
  expect(await replication.waitForPosition(await replication.currentPosition(), 10_000)).toBe(true);
  expect(await crash(pair!)).toEqual([1]);
});

test('what was applied before anyone asked is made durable when somebody does', async () => {
  const { source, replication } = await start();
  await source.query('INSERT INTO item VALUES (1)');
  const position = await replication.currentPosition();
  expect(await replication.waitForPosition(position, 10_000)).toBe(true);
  expect(await replication.waitForDurable(position, 10_000)).toBe(true);
  expect(await crash(pair!)).toEqual([1]);
});

test('one that the stream has not reached is waited for, and not for longer than asked', async () => {
  const { source, replication } = await start();
  const pause = replication.pause();
  await source.query('INSERT INTO item VALUES (1)');
  const position = await replication.currentPosition();
  expect(await replication.waitForDurable(position, 100)).toBe(false);
  const waiting = replication.waitForDurable(position, 10_000);
  pause.resume();
  expect(await waiting).toBe(true);
  expect(await crash(pair!)).toEqual([1]);
});
