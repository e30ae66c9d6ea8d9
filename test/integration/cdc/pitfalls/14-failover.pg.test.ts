/**
 * Pitfall 14. A promoted standby has another history, and before PostgreSQL 17 it has no logical slots: an engine that
 * connects to it and continues may have applied what the new primary never had, or miss what it did. Slots are created
 * to follow a failover where the server can; the cluster's identity and timeline are recorded, and a change of either
 * pauses the stream.
 */
import { execFileSync } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY)';
const TABLES = [{ from: 'item', to: 'item' }];
const settings = { retryMs: 50, heartbeatMs: 50, acknowledgeMs: 50 };

let primary: OwnCluster;
let standby: EmbeddedCluster | undefined;
let pair: StreamedPair | undefined;
let other: Replication | undefined;

beforeAll(async () => {
  primary = await startOwnCluster('failover');
});
afterEach(async () => {
  await other?.stop();
  other = undefined;
  await pair?.drop();
  pair = undefined;
});
afterAll(async () => {
  await standby?.stop();
  await primary.remove();
});

/** @param sourcePort of a server of the source's own */
const startPair = (sourcePort?: number): Promise<StreamedPair> =>
  startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO item VALUES (1)`,
    targetSql: TABLE,
    tables: TABLES,
    sourcePort,
    options: { settings },
  });

/** The slice's stream with another source. */
async function startAgainFrom(given: StreamedPair, sourceUrl: string): Promise<Replication> {
  other = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables(TABLES),
    sourceUrl,
    targetUrl: given.targetUrl,
    settings,
  });
  await other.start();
  return other;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const versionOf = async (url: string) =>
  Number((await query(url, 'SHOW server_version_num'))[0]?.server_version_num);

test('another cluster under the same name is noticed', async () => {
  pair = await startPair();
  await pair.settle();
  await pair.replication.stop();
  const name = new URL(pair.sourceUrl).pathname.slice(1);
  await primary.createDatabase(name);
  await query(primary.url(name), `${TABLE}; INSERT INTO item VALUES (2)`);
  const moved = await startAgainFrom(pair, primary.url(name));
  await expect
    .poll(() => moved.status())
    .toMatchObject({
      state: 'stopped',
      problem: { code: 'FICUS_CDC_SOURCE_CHANGED', message: expect.stringContaining('cluster') },
    });
  expect((await pair.target.query('SELECT id FROM item')).rows).toEqual([{ id: 1 }]);
});

/** A snapshot of the volume has the same identity and timeline: what is written after it would take positions twice. */
test('a source that was restored from a copy of its disk is noticed', async () => {
  pair = await startPair(primary.port);
  const { replication, sourceUrl, target } = pair;
  await pair.settle();
  const snapshot = `${primary.dataDir}-snapshot`;
  await primary.stop();
  execFileSync('cp', ['-a', primary.dataDir, snapshot]);
  await primary.restart();
  await query(sourceUrl, 'INSERT INTO item SELECT generate_series(2, 5000)');
  await pair.settle();
  const [applied] = await query(sourceUrl, 'SELECT pg_current_wal_lsn() AS lsn');
  await primary.stop();
  await rm(primary.dataDir, { recursive: true });
  await rename(snapshot, primary.dataDir);
  await primary.restart();
  await query(sourceUrl, 'INSERT INTO item VALUES (9000)');
  await expect
    .poll(() => replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: { code: 'FICUS_CDC_SOURCE_CHANGED', message: expect.stringContaining('restored') },
    });
  // Past the checkpoint again, nothing else tells this source from the one that was copied.
  await query(sourceUrl, 'SELECT pg_switch_wal()');
  expect(await query(sourceUrl, `SELECT pg_current_wal_insert_lsn() > '${applied?.lsn}' AS passed`)).toEqual([
    { passed: true },
  ]);
  await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_SLOT_LOST');
  await replication.drop({ emptyTarget: true });
  await replication.start();
  await expect.poll(() => replication.copied()).toBe(true);
  const { rows } = await target.query('SELECT id FROM item ORDER BY id');
  expect(rows).toEqual([{ id: 1 }, { id: 9000 }]);
});

/** A cold copy of the primary, started as its standby. */
async function startStandby(slotsFollow: boolean): Promise<EmbeddedCluster> {
  const dataDir = `${primary.dataDir}-standby`;
  await primary.stop();
  execFileSync('cp', ['-a', primary.dataDir, dataDir]);
  // As pg_basebackup does: slots belong to the primary only.
  await rm(`${dataDir}/pg_replslot`, { recursive: true });
  execFileSync('cp', ['-a', `${primary.dataDir}/pg_notify`, `${dataDir}/pg_replslot`]);
  await primary.restart();
  await writeFile(`${dataDir}/standby.signal`, '');
  await query(primary.url('postgres'), `SELECT pg_create_physical_replication_slot('standby')`);
  return startCluster({
    dataDir,
    settings: {
      fsync: 'off',
      primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres`,
      primary_slot_name: 'standby',
      hot_standby_feedback: 'on',
      ...(slotsFollow ? { sync_replication_slots: 'on' } : {}),
    },
  });
}

test('after a failover the stream pauses; the slot follows where the server can', async () => {
  pair = await startPair(primary.port);
  await pair.settle();
  const { replication, sourceUrl } = pair;
  await replication.stop();
  const follows = (await versionOf(sourceUrl)) >= 170_000;
  standby = await startStandby(follows);
  await replication.start();
  await pair.settle();
  await query(sourceUrl, 'INSERT INTO item VALUES (2)');
  await pair.settle();
  const name = new URL(sourceUrl).pathname.slice(1);
  const slots = (url: string, columns: string) =>
    query(url, `SELECT ${columns} FROM pg_replication_slots WHERE database = '${name}' AND NOT temporary`);
  if (follows) {
    expect(await slots(sourceUrl, 'failover')).toEqual([{ failover: true }]);
    const replica = standby;
    await expect
      .poll(async () => {
        // The slot can follow from a point at which the primary has logged its running transactions.
        await query(sourceUrl, 'SELECT pg_log_standby_snapshot()');
        return slots(replica.url('postgres'), 'synced');
      })
      .toEqual([{ synced: true }]);
  }
  await replication.stop();
  await primary.stop();
  await query(standby.url('postgres'), 'SELECT pg_promote()');
  const promoted = await startAgainFrom(pair, standby.url(name));
  await expect
    .poll(() => promoted.status())
    .toMatchObject({
      state: 'stopped',
      problem: { code: 'FICUS_CDC_SOURCE_CHANGED', message: expect.stringContaining('timeline') },
    });
  expect(await slots(standby.url('postgres'), 'plugin')).toEqual(follows ? [{ plugin: 'pgoutput' }] : []);
  // The way forward: a new copy from the new primary.
  await promoted.drop({ emptyTarget: true });
  await query(standby.url(name), 'INSERT INTO item VALUES (3)');
  await promoted.start();
  await expect.poll(() => promoted.copied()).toBe(true);
  expect(await promoted.waitForPosition(await promoted.currentPosition(), 10_000)).toBe(true);
  expect((await pair.target.query('SELECT id FROM item ORDER BY id')).rows).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
  await promoted.drop();
  await primary.restart();
});
