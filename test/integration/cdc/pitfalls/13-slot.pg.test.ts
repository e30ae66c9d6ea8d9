/**
 * Pitfall 13. A slot retains WAL until the source's disk is full, or the source invalidates the slot and discards
 * changes; and a slot that was recreated, or advanced by another program, streams as if nothing were missing. The
 * remaining space is watched, heartbeats advance quiet tables, and a stream starts only if its slot still has
 * everything.
 */
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY)';

async function startItems(sourcePort?: number, settings = {}): Promise<StreamedPair> {
  const started = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    ...(sourcePort === undefined ? {} : { sourcePort }),
    options: { settings: { retryMs: 50, heartbeatMs: 50, slotCheckMs: 50, acknowledgeMs: 50, ...settings } },
  });
  await started.settle();
  return started;
}

const slotOf = async (given: StreamedPair) =>
  (await given.source.query(`SELECT * FROM pg_replication_slots WHERE database = current_database()`))
    .rows[0];

/** A lost slot is reported as lost, and a new copy is the remedy. */
async function expectLost(given: StreamedPair, words: RegExp): Promise<void> {
  await expect
    .poll(() => given.replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: {
        code: 'FICUS_CDC_SLOT_LOST',
        message: expect.stringMatching(words),
        remedy: expect.stringContaining('opy the rows again'),
      },
    });
  const { rows } = await given.target.query('SELECT id FROM item WHERE id = 1');
  expect(rows, 'a change that the slot has forgotten').toEqual([]);
  await given.replication.drop({ emptyTarget: true });
  await given.replication.start();
  await given.settle();
  expect((await given.target.query('SELECT * FROM item')).rows).toEqual([{ id: 1 }]);
}

test('a quiet table does not retain WAL, and the slot is watched', async () => {
  pair = await startItems();
  const before = (await slotOf(pair)).confirmed_flush_lsn as string;
  await expect.poll(async () => pair && (await slotOf(pair)).confirmed_flush_lsn).not.toBe(before);
  await expect.poll(() => pair?.replication.status().slot?.walStatus).toBe('reserved');
});

test.each([
  ['dropped', /it was dropped/, 'SELECT pg_drop_replication_slot($1)'],
  [
    'recreated',
    /recreated/,
    `SELECT pg_create_logical_replication_slot(name, 'pgoutput')
       FROM (SELECT $1::text AS name, pg_drop_replication_slot($1)) AS dropped`,
  ],
  [
    'advanced by another program',
    /begins at [0-9A-F/]+, after the checkpoint at [0-9A-F/]+: it was recreated/,
    'SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())',
  ],
])('a slot that was %s requires a new copy', async (_, words, sql) => {
  pair = await startItems();
  const { slot_name: name } = await slotOf(pair);
  await pair.replication.stop();
  await expect.poll(async () => pair && (await slotOf(pair)).active).toBe(false);
  await pair.source.query('INSERT INTO item VALUES (1)');
  await pair.source.query(sql, [name]);
  await pair.replication.start();
  await expectLost(pair, words);
});

describe('a source that keeps little WAL', () => {
  let cluster: OwnCluster;
  beforeAll(async () => {
    cluster = await startOwnCluster('little-wal', {
      max_slot_wal_keep_size: '64MB',
      max_wal_size: '64MB',
      min_wal_size: '32MB',
    });
    return () => cluster.remove();
  });

  /** Writes this many segments of 16 MB, nearly empty. */
  async function passSegments(given: StreamedPair, count: number): Promise<void> {
    for (let segment = 0; segment < count; segment++)
      await given.source.query(`SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()`);
    await given.source.query('CHECKPOINT');
  }

  test('the remaining space is reported, and a slot invalidated under a running stream is lost', async () => {
    // Nothing is acknowledged, as by a stream that cannot write its rows.
    pair = await startItems(cluster.port, { acknowledgeMs: 3_600_000 });
    const room = () => pair?.replication.status().slot?.roomBytes ?? -1;
    await expect.poll(room).toBeGreaterThan(0);
    const before = room();
    await passSegments(pair, 2);
    await expect.poll(room).toBeLessThan(before - 16 * 1024 * 1024);
    expect(pair.replication.status().slot?.retainedBytes).toBeGreaterThan(16 * 1024 * 1024);
    expect(pair.replication.status().state).toBe('streaming');
    await passSegments(pair, 8);
    await expect.poll(() => pair?.replication.status().problem?.code).toBe('FICUS_CDC_SLOT_LOST');
    await pair.source.query('INSERT INTO item VALUES (1)');
    await expectLost(pair, /invalidated/);
  });

  test('a slot invalidated while the stream was stopped is not resumed', async () => {
    pair = await startItems(cluster.port);
    await pair.replication.stop();
    await pair.source.query('INSERT INTO item VALUES (1)');
    await expect.poll(async () => pair && (await slotOf(pair)).active).toBe(false);
    await passSegments(pair, 8);
    expect((await slotOf(pair)).wal_status).toBe('lost');
    await pair.replication.start();
    await expectLost(pair, /invalidated/);
  });
});
