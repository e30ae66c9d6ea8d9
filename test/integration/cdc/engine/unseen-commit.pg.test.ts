/**
 * A transaction is in the WAL, and in the change stream, a moment before others see it. A reader that queries the
 * source in that moment gets older rows than the stream has brought; writing those would lose the change.
 */
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import type { OwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';
import { type HeldTransaction, holdTransaction, slotWaitsFor } from './held-transaction.ts';
import { commitUnseen, startWaitingCluster, type UnseenCommit } from './unseen-commit.ts';

let cluster: OwnCluster;
let pair: StreamedPair | undefined;
let held: HeldTransaction[] = [];
let unseen: UnseenCommit | undefined;
let second: Replication | undefined;

beforeAll(async () => {
  cluster = await startWaitingCluster();
});
afterAll(() => cluster.remove());
afterEach(async () => {
  await unseen?.show().catch(() => undefined);
  for (const transaction of held) await transaction.end();
  held = [];
  await second?.stop();
  await pair?.drop();
  pair = undefined;
  second = undefined;
});

/** The engine has queried the source for rows, or checked whether it may; or it needs nothing more. */
async function engineLooked(given: StreamedPair, replication = given.replication): Promise<void> {
  const asks = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'ficus%' AND datname = current_database()
                  AND query ~ 'pg_current_snapshot|transactionid|unnest'`;
  const looked = async () =>
    ((await given.source.query(asks)).rowCount ?? 0) > 0 ||
    (replication.status().state === 'streaming' && (await replication.copied()));
  await expect.poll(looked).toBe(true);
}

/** A row whose large value is needed but not sent with a change of the other. */
const WITH_LARGE_VALUE = {
  sourceSql: `CREATE TABLE item (id int PRIMARY KEY, name text, big text); ALTER TABLE item ALTER big SET STORAGE EXTERNAL;
    INSERT INTO item VALUES (1, 'old', repeat('x', 5000))`,
  targetSql: 'CREATE TABLE item (id int PRIMARY KEY, label text)',
  tables: [
    {
      from: 'item',
      to: 'item',
      columns: { id: 'id', label: { sql: "name || ' ' || length(big)", from: ['name', 'big'] } },
    },
  ],
  options: { settings: { heartbeatMs: 50 } },
};

test('a stream that waits for a row that is not visible yet can be stopped, and continues later', async () => {
  pair = await startStreamedPair(inject('postgresPort'), { sourcePort: cluster.port, ...WITH_LARGE_VALUE });
  await pair.settle();
  unseen = await commitUnseen(pair.source, pair.sourceUrl, `UPDATE item SET name = 'new' WHERE id = 1`);
  await engineLooked(pair);
  await pair.replication.stop();
  expect(pair.replication.status().state).toBe('stopped');
  await pair.replication.start();
  await unseen.show();
  await pair.settle();
  expect((await pair.target.query('SELECT * FROM item')).rows).toEqual([{ id: 1, label: 'new 5000' }]);
});

test('a reread row is not older than the change that needs it', async () => {
  pair = await startStreamedPair(inject('postgresPort'), { sourcePort: cluster.port, ...WITH_LARGE_VALUE });
  await pair.settle();
  unseen = await commitUnseen(pair.source, pair.sourceUrl, `UPDATE item SET name = 'new' WHERE id = 1`);
  await engineLooked(pair);
  await unseen.show();
  await pair.settle();
  expect((await pair.target.query('SELECT * FROM item')).rows).toEqual([{ id: 1, label: 'new 5000' }]);
});

test('the first copy includes commits from before the slot that are not visible yet', async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourcePort: cluster.port,
    sourceSql: table,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { heartbeatMs: 50 } },
  });
  await pair.settle();
  await pair.replication.drop();
  const building = await holdTransaction(pair.sourceUrl);
  held.push(building);
  const started = pair.replication.start();
  const { source, sourceUrl } = pair;
  await expect.poll(() => slotWaitsFor(source, building.xid)).toBe(true);
  const full = await holdTransaction(sourceUrl);
  held.push(full);
  await building.commit();
  await expect.poll(() => slotWaitsFor(source, full.xid)).toBe(true);
  unseen = await commitUnseen(source, sourceUrl, 'INSERT INTO item VALUES (1)');
  await full.commit();
  await started;
  await engineLooked(pair);
  await unseen.show();
  await pair.settle();
  expect((await pair.target.query('SELECT * FROM item')).rows).toEqual([{ id: 1 }]);
});

test('a first copy that continues after a restart does not undo the stream’s changes', async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY, name text)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourcePort: cluster.port,
    sourceSql: `${table}; INSERT INTO item SELECT n, 'old' FROM generate_series(1, 100) AS n`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { heartbeatMs: 50, copyChunkRows: 10, copyRowsPerSecond: 5 } },
  });
  const { target, source, sourceUrl, targetUrl, replication } = pair;
  await expect.poll(async () => (await target.query('SELECT FROM item')).rowCount).toBeGreaterThan(0);
  unseen = await commitUnseen(source, sourceUrl, `UPDATE item SET name = 'new' WHERE id = 95`);
  const changed = `SELECT FROM item WHERE id = 95 AND name = 'new'`;
  await expect.poll(async () => (await target.query(changed)).rowCount).toBe(1);
  await replication.stop();
  const tables = parseConfigTables([{ from: 'item', to: 'item' }]);
  second = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables,
    sourceUrl,
    targetUrl,
    settings: { heartbeatMs: 50 },
  });
  await second.start();
  await engineLooked(pair, second);
  await unseen.show();
  await expect.poll(() => second?.copied()).toBe(true);
  expect((await target.query(changed)).rowCount).toBe(1);
});
