/**
 * A stream that waits for somebody else's transaction, lock or standby is not broken, and nothing shows in its sockets:
 * its status names who is waited for, and what is printed as the remedy ends the wait.
 */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import type { ReplicationSettings } from '../../../../cdc/replication-settings.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let cluster: OwnCluster;
let pair: DatabasePair;
beforeAll(async () => {
  cluster = await startOwnCluster('waits', { max_prepared_transactions: '5' });
});
afterAll(() => cluster.remove());
beforeEach(async () => {
  pair = await createDatabasePair(cluster.port);
  await pair.source.query(`CREATE TABLE stay (id int PRIMARY KEY, room text); CREATE TABLE other (id int);
    INSERT INTO stay SELECT n, 'r' || n FROM generate_series(1, 2000) AS n`);
  await pair.target.query('CREATE TABLE stay (id int PRIMARY KEY, room text)');
  onTestFinished(() => pair.drop());
});

const tables = parseConfigTables([{ from: 'stay', to: 'stay' }]);

function open(settings: Partial<ReplicationSettings> = {}) {
  const { sourceUrl, targetUrl } = pair;
  const replication = openReplication({ slice: 'hotel', tables, sourceUrl, targetUrl, settings });
  onTestFinished(async () => {
    await replication.drop();
  });
  return replication;
}

async function connected(url: string) {
  const client = new pg.Client({ connectionString: url, application_name: 'night shift' });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  return { client, pid: rows[0].pid as number };
}

const stay = () => pair.target.query('SELECT FROM stay');
const problemOf = (replication: ReturnType<typeof open>) => () => replication.status().problem;
const errorsAndWarnings = () =>
  preflightSlice({ slice: 'hotel', tables, sourceUrl: pair.sourceUrl, targetUrl: pair.targetUrl });
/** The statement that the remedy ends with. */
const sqlOf = (remedy: string) => /(?:SELECT|ROLLBACK|ALTER) .*/.exec(remedy)?.[0] ?? remedy;

test('for a session whose transaction is open, before its slot is made', async () => {
  const { client, pid } = await connected(pair.sourceUrl);
  await client.query('BEGIN; INSERT INTO other VALUES (1)');
  const replication = open();
  void replication.start();
  await expect.poll(problemOf(replication)).toMatchObject({
    code: 'FICUS_CDC_BLOCKED',
    message: expect.stringContaining(
      `process ${pid} (role “postgres”, application “night shift”, idle in transaction`,
    ),
  });
  expect(replication.status().state).toBe('starting');
  await expect
    .poll(async () => (await errorsAndWarnings()).map(({ message }) => message).join())
    .toContain(`process ${pid}`);
  await pair.source.query(sqlOf(replication.status().problem!.remedy));
  await expect.poll(() => replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
});

test('for a prepared transaction that was forgotten', async () => {
  await pair.source.query(`BEGIN; INSERT INTO other VALUES (1); PREPARE TRANSACTION 'invoice 7''s'`);
  const replication = open();
  void replication.start();
  await expect.poll(problemOf(replication)).toMatchObject({
    code: 'FICUS_CDC_BLOCKED',
    message: expect.stringContaining(`prepared transaction “invoice 7's” (role “postgres”`),
  });
  await pair.source.query(sqlOf(replication.status().problem!.remedy));
  await expect.poll(() => replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
});

test('for a writer of another table, when a copy continues', async () => {
  const slow = { copyRowsPerSecond: 500, copyChunkRows: 100 };
  const begun = open(slow);
  await begun.start();
  await expect.poll(() => begun.status().copy?.rowsCopied).toBeGreaterThan(0);
  await begun.stop();
  const { client, pid } = await connected(pair.sourceUrl);
  await client.query('BEGIN; INSERT INTO other VALUES (1)');
  const again = open();
  await again.start();
  await expect.poll(problemOf(again)).toMatchObject({ message: expect.stringContaining(`process ${pid}`) });
  expect(again.status().state).toBe('copying');
  await client.query('ROLLBACK');
  await expect.poll(() => again.status()).toMatchObject({ state: 'streaming', problem: undefined });
  expect((await stay()).rowCount).toBe(2000);
});

test('for a lock on a table of the target', async () => {
  const replication = open();
  await replication.start();
  await expect.poll(() => replication.status().state).toBe('streaming');
  const { client, pid } = await connected(pair.targetUrl);
  await client.query('BEGIN; LOCK TABLE stay');
  await pair.source.query(`INSERT INTO stay VALUES (3000, 'late')`);
  await expect.poll(problemOf(replication)).toMatchObject({
    code: 'FICUS_CDC_BLOCKED',
    message: expect.stringMatching(new RegExp(`lock on “stay” of the target.*process ${pid} `)),
  });
  expect(replication.status().state).toBe('streaming');
  await client.query('COMMIT');
  await expect.poll(() => replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
  expect((await stay()).rowCount).toBe(2001);
});

test('for a standby that synchronized_standby_slots names and that is away', async () => {
  const { source } = pair;
  const version = await source.query('SHOW server_version_num');
  if (Number(version.rows[0].server_version_num) < 170_000) return;
  await source.query(`ALTER SYSTEM SET synchronized_standby_slots = 'north'`);
  await source.query(`SELECT pg_create_physical_replication_slot('north'), pg_reload_conf()`);
  onTestFinished(async () => {
    await source.query(`SELECT pg_drop_replication_slot('north')`);
  });
  await expect
    .poll(errorsAndWarnings)
    .toContainEqual(expect.objectContaining({ code: 'FICUS_CDC_STANDBY_AWAY', severity: 'warning' }));
  const replication = open();
  void replication.start();
  await expect.poll(problemOf(replication)).toMatchObject({
    code: 'FICUS_CDC_STANDBY_AWAY',
    message: expect.stringContaining('slot “north”'),
  });
  for (const statement of sqlOf(replication.status().problem!.remedy).split(';'))
    await source.query(statement);
  await expect.poll(() => replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
});
