/**
 * Creating a slot, or a snapshot of the source, waits for open writes there. A caller that stops the stream meanwhile
 * need not wait, and nothing stays behind that would pin the source's WAL.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

// Its own cluster: the open transaction would block the slots of other tests.
let cluster: OwnCluster;
beforeAll(async () => {
  cluster = await startOwnCluster('stopped');
});
afterAll(() => cluster.remove());

let pair: DatabasePair | undefined;
let replication: Replication | undefined;
let writer: pg.Client | undefined;
afterEach(async () => {
  await writer?.end();
  await replication?.drop();
  await pair?.drop();
  writer = undefined;
  replication = undefined;
  pair = undefined;
});

test.each([
  { what: 'a slot', key: 'PRIMARY KEY', slots: 0 },
  { what: 'the snapshot of a table without a key', key: '', slots: 1 },
])('while $what is being created', async ({ key, slots }) => {
  pair = await createDatabasePair(inject('postgresPort'), cluster.port);
  const { source, target, sourceUrl, targetUrl } = pair;
  await source.query(`CREATE TABLE item (id int ${key}); ALTER TABLE item REPLICA IDENTITY FULL`);
  await target.query(`CREATE TABLE item (id int ${key})`);
  const hold = async () => {
    writer = new pg.Client({ connectionString: sourceUrl });
    await writer.connect();
    await writer.query('BEGIN; INSERT INTO item VALUES (1)');
  };
  const tables = parseConfigTables([{ from: 'item', to: 'item' }]);
  replication = openReplication({ onFault: failTheRun, slice: 'opening', tables, sourceUrl, targetUrl });
  if (slots > 0) {
    // With its slot created, it waits only for the snapshot.
    await source.query('CREATE TABLE first (id int PRIMARY KEY)');
    await target.query('CREATE TABLE first (id int PRIMARY KEY)');
    const before = openReplication({
      onFault: failTheRun,
      slice: 'opening',
      tables: parseConfigTables([{ from: 'first', to: 'first' }]),
      sourceUrl,
      targetUrl,
    });
    await before.start();
    await before.stop();
  }
  await hold();
  const started = replication.start();
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~* 'replication_slot'`;
  await expect.poll(async () => (await source.query(waiting)).rowCount).toBe(1);
  await Promise.all([replication.stop(), started]);
  expect((await source.query(waiting)).rowCount).toBe(0);
  expect((await source.query('SELECT FROM pg_replication_slots')).rowCount).toBe(slots);
});
