/** `drop` leaves nothing behind that costs the source anything: with least privileges, and while the slot is in use. */
import { randomBytes } from 'node:crypto';
import type { FicusError } from '@ficus/core';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { setFailpointTrap } from '../../../../cdc/failpoints.ts';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { sourceGrants, targetGrants } from '../../../../cdc/preflight/grants-sql.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const slice = 'dropped';
const tables = parseConfigTables([{ from: 'item', to: 'item' }]);
let pair: DatabasePair;
let opened: Replication[] = [];
beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query('CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1), (2)');
  await pair.target.query('CREATE TABLE item (id int PRIMARY KEY)');
});
afterEach(async () => {
  setFailpointTrap(undefined);
  for (const replication of opened) await replication.stop();
  opened = [];
  await pair.drop();
});

function open(sourceUrl = pair.sourceUrl, targetUrl = pair.targetUrl): Replication {
  const replication = openReplication({
    onFault: failTheRun,
    slice,
    tables,
    sourceUrl,
    targetUrl,
    settings: { retryMs: 50 },
  });
  opened.push(replication);
  return replication;
}

async function left(): Promise<unknown> {
  const slots = await pair.source.query(
    'SELECT FROM pg_replication_slots WHERE database = current_database()',
  );
  const publications = await pair.source.query('SELECT FROM pg_publication');
  const checkpoints = await pair.target.query('SELECT FROM ficus.checkpoint');
  const progress = await pair.target.query('SELECT FROM ficus.copy_progress');
  const rows = await pair.target.query('SELECT FROM item');
  return {
    slots: slots.rowCount,
    publications: publications.rowCount,
    checkpoints: checkpoints.rowCount,
    progress: progress.rowCount,
    rows: rows.rowCount,
  };
}

const EMPTIED = [{ table: tables[0]!.to, rows: 2 }];

test('with least privileges: slot and checkpoint are dropped, the administrator’s publication stays', async () => {
  const suffix = randomBytes(4).toString('hex');
  const roles = { sourceRole: `reader_${suffix}`, targetRole: `writer_${suffix}` };
  for (const statement of sourceGrants({ slice, tables, ...roles })) await pair.source.query(statement);
  for (const statement of targetGrants({ slice, tables, ...roles })) await pair.target.query(statement);
  const replication = open(
    pair.sourceUrl.replace('postgres@', `${roles.sourceRole}@`),
    pair.targetUrl.replace('postgres@', `${roles.targetRole}@`),
  );
  try {
    await replication.start();
    await expect.poll(() => replication.copied()).toBe(true);
    expect(await replication.drop({ emptyTarget: true })).toEqual(EMPTIED);
    expect(await left()).toEqual({ slots: 0, publications: 1, checkpoints: 0, progress: 0, rows: 0 });
    await replication.start();
    await expect.poll(() => replication.copied()).toBe(true);
    await replication.drop();
    expect(await left()).toEqual({ slots: 0, publications: 1, checkpoints: 0, progress: 0, rows: 2 });
  } finally {
    await pair.source.query(`DROP OWNED BY ${roles.sourceRole} CASCADE; DROP ROLE ${roles.sourceRole}`);
    await pair.target.query(`DROP OWNED BY ${roles.targetRole} CASCADE; DROP ROLE ${roles.targetRole}`);
  }
});

test('a table of the service that refers to a copied one is named before anything is emptied or dropped', async () => {
  const replication = open();
  await replication.start();
  await expect.poll(() => replication.copied()).toBe(true);
  await pair.target.query(
    'CREATE TABLE "own Note" (item int REFERENCES item ON DELETE CASCADE); INSERT INTO "own Note" VALUES (1)',
  );
  const before = await left();
  const refused = replication.drop({ emptyTarget: true }).catch((reason: unknown) => reason);
  const error = (await refused) as FicusError;
  expect(error).toMatchObject({ code: 'FICUS_CDC_TARGET_REFERENCED' });
  expect(await left()).toEqual(before);
  // The printed SQL runs as it is.
  const [, drop, add] = /Before: (.+?;) Afterwards: (.+?;)/.exec(error.message)!;
  await pair.target.query(drop!);
  expect(await replication.drop({ emptyTarget: true })).toEqual(EMPTIED);
  await replication.start();
  await expect.poll(() => replication.copied()).toBe(true);
  await pair.target.query(add!);
  expect((await pair.target.query('SELECT FROM "own Note"')).rowCount).toBe(1);
});

/** Streams `area` of another schema, refuses to empty it because of what refers to it, and follows the printed SQL. */
async function emptyReferenced(targetSql: string, referring: string, targetUrl = pair.targetUrl) {
  await pair.source.query('CREATE TABLE area (id int PRIMARY KEY); INSERT INTO area VALUES (1), (2)');
  await pair.target.query(targetSql);
  const replication = openReplication({
    onFault: failTheRun,
    slice,
    tables: parseConfigTables([{ from: 'area', to: 'app.area' }]),
    sourceUrl: pair.sourceUrl,
    targetUrl,
    settings: { retryMs: 50 },
  });
  opened.push(replication);
  await replication.start();
  await expect.poll(() => replication.copied()).toBe(true);
  await pair.target.query(referring);
  const error = (await replication.drop({ emptyTarget: true }).catch((reason) => reason)) as FicusError;
  if (Array.isArray(error)) return 0;
  expect(error).toMatchObject({ code: 'FICUS_CDC_TARGET_REFERENCED' });
  const printed = [...error.message.matchAll(/Before: (.+?;) Afterwards: (.+?;)/g)];
  for (const [, drop] of printed) await pair.target.query(drop!);
  expect(await replication.drop({ emptyTarget: true })).toEqual([{ table: 'app.area', rows: 2 }]);
  await replication.start();
  await expect.poll(() => replication.copied()).toBe(true);
  for (const [, , add] of printed) await pair.target.query(add!);
  return printed.length;
}

const PARTITIONED = `CREATE SCHEMA app; CREATE TABLE app.area (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE app.low PARTITION OF app.area FOR VALUES FROM (0) TO (2);
  CREATE TABLE app.high PARTITION OF app.area FOR VALUES FROM (2) TO (9);`;

test('a partitioned table, to which and to one partition of which the service refers', async () => {
  const referring = `CREATE TABLE note (area int REFERENCES app.area) PARTITION BY RANGE (area);
    CREATE TABLE some_notes PARTITION OF note FOR VALUES FROM (0) TO (9);
    CREATE TABLE mark (area int REFERENCES app.low); INSERT INTO note VALUES (2); INSERT INTO mark VALUES (1)`;
  expect(await emptyReferenced(PARTITIONED, referring)).toBe(2);
});

test('a partition of the service’s own table, to which the whole is referred', async () => {
  const whole = `CREATE SCHEMA app; CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE app.area PARTITION OF whole FOR VALUES FROM (0) TO (9);`;
  const referring = 'CREATE TABLE note (area int REFERENCES whole); INSERT INTO note VALUES (2)';
  expect(await emptyReferenced(whole, referring)).toBe(1);
});

test('a reference within the partitions of a table keeps it from nothing', async () => {
  const own = `${PARTITIONED} ALTER TABLE app.low ADD FOREIGN KEY (id) REFERENCES app.area`;
  expect(await emptyReferenced(own, 'SELECT 1')).toBe(0);
});

test('where the stream’s role and the one that runs the printed SQL have other search paths', async () => {
  const app = 'CREATE SCHEMA app; CREATE TABLE app.area (id int PRIMARY KEY)';
  const referring = 'CREATE TABLE app.note (area int REFERENCES app.area); INSERT INTO app.note VALUES (2)';
  const targetUrl = `${pair.targetUrl}?options=-csearch_path%3Dapp`;
  expect(await emptyReferenced(app, referring, targetUrl)).toBe(1);
});

test('while another process streams: the slot is dropped all the same', async () => {
  const running = open();
  await running.start();
  await expect.poll(() => running.status().state).toBe('streaming');
  await open().drop();
  await running.drop();
  expect(await left()).toMatchObject({ slots: 0, publications: 0, checkpoints: 0, progress: 0 });
});

test('while another process writes rows, and the checkpoint after them: it is not the victim of a deadlock', async () => {
  const replication = open();
  await replication.start();
  await expect.poll(() => replication.copied()).toBe(true);
  const other = new pg.Client(pair.targetUrl);
  await other.connect();
  try {
    await other.query("SET deadlock_timeout = '1100ms'; BEGIN; UPDATE item SET id = id");
    const dropped = replication.drop({ emptyTarget: true });
    const queued = `SELECT FROM pg_locks WHERE relation = 'item'::regclass AND NOT granted`;
    await expect.poll(async () => (await pair.target.query(queued)).rowCount, { interval: 20 }).toBe(1);
    await other.query('UPDATE ficus.checkpoint SET holder = holder; COMMIT');
    expect(await dropped).toEqual(EMPTIED);
  } finally {
    await other.end();
  }
});

test('after a start that got no further than the slot', async () => {
  setFailpointTrap((name) => (name === 'slot-created' ? Promise.reject(new Error('no further')) : undefined));
  const replication = open();
  await replication.start();
  await expect.poll(() => replication.status().state).toBe('stopped');
  await replication.drop();
  expect(await left()).toMatchObject({ slots: 0, publications: 0, checkpoints: 0 });
});

test('when the target cannot be emptied, the stream is unchanged, and continues', async () => {
  const replication = open();
  await replication.start();
  await expect.poll(() => replication.status().state).toBe('streaming');
  await pair.target.query('CREATE TABLE own (item int REFERENCES item)');
  await expect(replication.drop({ emptyTarget: true })).rejects.toThrow('DROP CONSTRAINT');
  expect(await left()).toEqual({ slots: 1, publications: 1, checkpoints: 1, progress: 1, rows: 2 });
  await pair.source.query('INSERT INTO item VALUES (3)');
  await replication.start();
  await expect.poll(async () => (await pair.target.query('SELECT FROM item')).rowCount).toBe(3);
});

test('while another installation follows the same source: its publication stays, with everything it needs', async () => {
  await pair.source.query('CREATE TABLE other (id int PRIMARY KEY)');
  const elsewhere = await createDatabasePair(inject('postgresPort'));
  try {
    await elsewhere.target.query(
      'CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)',
    );
    const both = parseConfigTables([
      { from: 'item', to: 'item' },
      { from: 'other', to: 'other' },
    ]);
    const { sourceUrl } = pair;
    const { targetUrl } = elsewhere;
    const staying = openReplication({
      onFault: failTheRun,
      slice,
      tables: both,
      sourceUrl,
      targetUrl,
      settings: { retryMs: 50 },
    });
    opened.push(staying);
    await staying.start();
    await expect.poll(() => staying.copied()).toBe(true);
    const going = open();
    await going.start();
    await expect.poll(() => going.copied()).toBe(true);
    const expectRestart = async () => {
      await staying.stop();
      await pair.source.query('INSERT INTO other SELECT count(*) FROM other');
      await staying.start();
      expect(staying.status().problem).toBe(undefined);
      expect(await staying.waitForPosition(await staying.currentPosition(), 10_000)).toBe(true);
    };
    await expectRestart();
    await going.drop();
    await expectRestart();
    expect((await elsewhere.target.query('SELECT FROM other')).rowCount).toBe(2);
    await staying.drop();
    expect(await left()).toMatchObject({ slots: 0, publications: 0 });
  } finally {
    for (const replication of opened) await replication.stop();
    await elsewhere.drop();
  }
});
