/** The state on the target has a version: an older one is brought up to date, a newer one is refused and not changed. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;
let replication: Replication;

beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  for (const side of [pair.source, pair.target]) await side.query('CREATE TABLE item (id int PRIMARY KEY)');
  replication = openReplication({
    onFault: failTheRun,
    slice: 'versioned',
    tables: parseConfigTables([{ from: 'item', to: 'item' }]),
    sourceUrl: pair.sourceUrl,
    targetUrl: pair.targetUrl,
    settings: { retryMs: 50 },
  });
});
afterEach(async () => {
  await replication.stop();
  await pair.drop();
});

async function untilStreaming(): Promise<void> {
  await replication.start();
  await expect.poll(() => replication.status().state).toBe('streaming');
}

const versions = async () => (await pair.target.query('SELECT version FROM ficus.migration ORDER BY 1')).rows;

test('of a newer program: the stream stops with a named state, touches nothing, and continues once it may', async () => {
  await untilStreaming();
  await replication.stop();
  await pair.target.query('INSERT INTO ficus.migration VALUES (1000)');
  await pair.source.query('INSERT INTO item VALUES (1)');
  const before = (await pair.target.query('SELECT * FROM ficus.checkpoint')).rows;

  await replication.start();
  await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_STATE_NEWER');
  await replication.stop();
  await expect(replication.drop({ emptyTarget: true })).rejects.toMatchObject({
    code: 'FICUS_CDC_STATE_NEWER',
  });
  expect((await pair.target.query('SELECT * FROM ficus.checkpoint')).rows).toEqual(before);

  await pair.target.query('DELETE FROM ficus.migration WHERE version = 1000');
  await replication.start();
  await expect.poll(async () => (await pair.target.query('SELECT FROM item')).rowCount).toBe(1);
});

test('from before there were versions: it is taken over, with today’s body of its function', async () => {
  await untilStreaming();
  const known = await versions();
  await replication.stop();
  await pair.target.query(`DROP TABLE ficus.migration;
    CREATE OR REPLACE FUNCTION ficus.advance_checkpoint(of_stream text, of_epoch bigint, by_holder text, from_lsn pg_lsn, to_lsn pg_lsn)
      RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'an old body'; END $$`);
  await pair.source.query('INSERT INTO item VALUES (1)');
  await replication.start();
  await expect.poll(async () => (await pair.target.query('SELECT FROM item')).rowCount).toBe(1);
  expect(await versions()).toEqual(known);
});

test('in a schema that an administrator has created, the role needs no privilege on the database', async () => {
  const role = `writer_${randomBytes(4).toString('hex')}`;
  await pair.target.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON item TO ${role};
    GRANT SET ON PARAMETER session_replication_role TO ${role};
    CREATE SCHEMA ficus; GRANT USAGE, CREATE ON SCHEMA ficus TO ${role}`);
  const limited = openReplication({
    onFault: failTheRun,
    slice: 'versioned',
    tables: parseConfigTables([{ from: 'item', to: 'item' }]),
    sourceUrl: pair.sourceUrl,
    targetUrl: pair.targetUrl.replace('postgres@', `${role}@`),
  });
  try {
    await limited.start();
    await expect.poll(() => limited.status().state).toBe('streaming');
  } finally {
    await limited.stop();
    await pair.target.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  }
});
