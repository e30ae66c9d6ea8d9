/**
 * A table that is added to a slice which is already streaming: what an open transaction wrote to it before it was
 * published never appears in the stream, whenever it is committed. The first copy has to wait for that transaction.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';
import { type HeldTransaction, holdTransaction } from './held-transaction.ts';

let pair: StreamedPair | undefined;
let open: HeldTransaction | undefined;
let wider: Replication | undefined;
afterEach(async () => {
  await open?.end();
  await wider?.stop();
  await pair?.drop();
  pair = undefined;
  open = undefined;
  wider = undefined;
});

test('the rows of a transaction that was open when the table was published are copied', async () => {
  const tables = 'CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE joined (id int PRIMARY KEY)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: tables,
    targetSql: tables,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { heartbeatMs: 50 } },
  });
  await pair.settle();
  const { source, target, sourceUrl, targetUrl, replication } = pair;
  await replication.stop();
  open = await holdTransaction(sourceUrl, 'INSERT INTO joined VALUES (1)');
  wider = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables([
      { from: 'item', to: 'item' },
      { from: 'joined', to: 'joined' },
    ]),
    sourceUrl,
    targetUrl,
    settings: { heartbeatMs: 50 },
  });
  await wider.start();
  const published = `SELECT FROM pg_publication_tables WHERE tablename = 'joined'`;
  await expect.poll(async () => (await source.query(published)).rowCount).toBe(1);
  const looks = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'ficus%' AND datname = current_database()
                   AND query ~ 'transactionid|pg_current_snapshot'`;
  const copied = async () => (await source.query(looks)).rowCount || (await wider?.copied());
  await expect.poll(copied).toBeTruthy();
  await open.commit();
  await expect.poll(() => wider?.copied()).toBe(true);
  expect(await wider.waitForPosition(await wider.currentPosition(), 10_000)).toBe(true);
  expect((await target.query('SELECT * FROM joined')).rows).toEqual([{ id: 1 }]);
});
