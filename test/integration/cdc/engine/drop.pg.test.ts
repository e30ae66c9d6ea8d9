/** `drop` leaves nothing behind that costs the source anything: with least privileges, and while the slot is in use. */
import { randomBytes } from 'node:crypto';
import type { FicusError } from '@ficus/core';
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
    await expect.poll(() => replication.copied(), { timeout: 10_000 }).toBe(true);
    expect(await replication.drop({ emptyTarget: true })).toEqual(EMPTIED);
    expect(await left()).toEqual({ slots: 0, publications: 1, checkpoints: 0, progress: 0, rows: 0 });
    await replication.start();
    await expect.poll(() => replication.copied(), { timeout: 10_000 }).toBe(true);
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
  await expect.poll(() => replication.copied(), { timeout: 10_000 }).toBe(true);
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
  await expect.poll(() => replication.copied(), { timeout: 10_000 }).toBe(true);
  await pair.target.query(add!);
  expect((await pair.target.query('SELECT FROM "own Note"')).rowCount).toBe(1);
});

test('while another process streams: the slot is dropped all the same', async () => {
  const running = open();
  await running.start();
  await expect.poll(() => running.status().state, { timeout: 10_000 }).toBe('streaming');
  await open().drop();
  await running.drop();
  expect(await left()).toMatchObject({ slots: 0, publications: 0, checkpoints: 0, progress: 0 });
});

test('after a start that got no further than the slot', async () => {
  setFailpointTrap((name) => (name === 'slot-created' ? Promise.reject(new Error('no further')) : undefined));
  const replication = open();
  await replication.start();
  await expect.poll(() => replication.status().state, { timeout: 10_000 }).toBe('stopped');
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
    await expect.poll(() => staying.copied(), { timeout: 10_000 }).toBe(true);
    const going = open();
    await going.start();
    await expect.poll(() => going.copied(), { timeout: 10_000 }).toBe(true);
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
