/**
 * Pitfall 21. A slot admits one reader, but a process that was merely slow (paused, swapped out, disconnected and back)
 * may still have its target connection open, and write late what another has long written. The stream's lock on the
 * target lets one process write at a time, and the epoch in the checkpoint, checked in the transaction of the rows,
 * excludes outdated processes.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication, ReplicationOptions } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, v text)';
const TABLES = [{ from: 'item', to: 'item' }];
const settings = { retryMs: 50 };

let pair: StreamedPair | undefined;
let second: Replication | undefined;
afterEach(async () => {
  await second?.stop();
  second = undefined;
  await pair?.drop();
  pair = undefined;
});

async function startFirst(): Promise<StreamedPair> {
  const started = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: TABLES,
    options: { settings },
  });
  await started.settle();
  return started;
}

/** Another process of the same stream. */
async function startSecond(
  given: StreamedPair,
  options: Partial<ReplicationOptions> = {},
): Promise<Replication> {
  const { sourceUrl, targetUrl } = given;
  second = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables(TABLES),
    sourceUrl,
    targetUrl,
    settings,
    ...options,
  });
  await second.start();
  await expect.poll(() => second?.status().state).toBe('standby');
  return second;
}

const idsOf = async (given: StreamedPair) =>
  (await given.target.query('SELECT id FROM item ORDER BY id')).rows.map((row) => row.id);

test('the second process stands by, and takes the stream when the first one ends', async () => {
  pair = await startFirst();
  const { source, replication } = pair;
  const waiting = await startSecond(pair);
  await source.query('INSERT INTO item VALUES (1)');
  await pair.settle();
  expect(waiting.status().rowsApplied).toBe(0);
  await replication.stop();
  await source.query('INSERT INTO item VALUES (2)');
  await expect.poll(() => waiting.status().state).toBe('streaming');
  expect(await waiting.waitForPosition(await waiting.currentPosition(), 10_000)).toBe(true);
  expect(await idsOf(pair)).toEqual([1, 2]);
});

test('a late process returns into a higher epoch: its open transaction is not committed', async () => {
  pair = await startFirst();
  const { source, target, replication } = pair;
  // The first process is paused in the middle of a write.
  const blocker = new pg.Client({ connectionString: pair.targetUrl });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE');
  await source.query(`INSERT INTO item VALUES (1, 'written once')`);
  await expect
    .poll(async () => {
      const { rows } = await source.query(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = $1 AND application_name LIKE 'ficus%' AND wait_event_type = 'Lock'`,
        [new URL(pair!.targetUrl).pathname.slice(1)],
      );
      return rows[0].waiting;
    })
    .toBe(1);
  const successor = await startSecond(pair, { epoch: 2 });
  await expect
    .poll(async () => (await target.query('SELECT epoch::int FROM ficus.checkpoint')).rows)
    .toEqual([{ epoch: 2 }]);
  await blocker.query('COMMIT');
  await blocker.end();
  await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_FENCED');
  await expect.poll(() => successor.status().state).toBe('streaming');
  await source.query(`INSERT INTO item VALUES (2, 'by the successor')`);
  expect(await successor.waitForPosition(await successor.currentPosition(), 10_000)).toBe(true);
  expect(await idsOf(pair)).toEqual([1, 2]);
  expect(replication.status().rowsApplied).toBe(0);
  expect(successor.status().rowsApplied).toBe(2);
  // It does not regain the stream when the successor exits.
  await successor.stop();
  await source.query(`INSERT INTO item VALUES (3, 'by nobody')`);
  const isBehind = { state: 'stopped', problem: { code: 'FICUS_CDC_EPOCH_BEHIND' } };
  await expect.poll(() => replication.status()).toMatchObject(isBehind);
  expect(await idsOf(pair)).toEqual([1, 2]);
  // No retry can help: it does not even stand by when the successor is back.
  await successor.start();
  expect(await successor.waitForPosition(await successor.currentPosition(), 10_000)).toBe(true);
  expect(await idsOf(pair)).toEqual([1, 2, 3]);
  expect(replication.status()).toMatchObject(isBehind);
  await replication.start();
  expect(replication.status().state).toBe('standby');
});
