/**
 * A role that may create schemas makes `ficus` first, with triggers, views or functions of our names: they would run as the
 * role that writes the target. Everything refuses it, before anything in the schema is read.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const role = `stranger_${randomBytes(4).toString('hex')}`;
const tables = parseConfigTables([{ from: 'item', to: 'item' }]);
let pair: DatabasePair;
let stranger: pg.Client;
let replication: Replication;

beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  for (const side of [pair.source, pair.target]) await side.query('CREATE TABLE item (id int PRIMARY KEY)');
  const database = new URL(pair.targetUrl).pathname.slice(1);
  await pair.target.query(`CREATE ROLE ${role} LOGIN; GRANT CREATE ON DATABASE ${database} TO ${role}`);
  stranger = new pg.Client({ connectionString: pair.targetUrl.replace('//postgres@', `//${role}@`) });
  await stranger.connect();
  // What it runs tells as whom.
  await stranger.query(`CREATE SCHEMA ficus; CREATE TABLE ficus.ran (as_role name DEFAULT current_user);
    CREATE FUNCTION ficus.ran() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ficus.ran DEFAULT VALUES; RETURN NEW; END $$`);
  replication = openReplication({
    ...{
      onFault: failTheRun,
      slice: 'strange',
      tables,
      sourceUrl: pair.sourceUrl,
      targetUrl: pair.targetUrl,
    },
    settings: { retryMs: 50 },
  });
});
afterEach(async () => {
  await replication.stop();
  await stranger.end();
  await pair.target.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  await pair.drop();
});

const TABLE = `CREATE TABLE ficus.checkpoint (stream text PRIMARY KEY, epoch bigint, lsn pg_lsn, slot text, system_identifier text, timeline int, applied_at timestamptz, holder text, left_out_until pg_lsn)`;
const strange: Record<string, string> = {
  'the schema alone': 'SELECT',
  'a table with a trigger': `${TABLE}; CREATE TRIGGER ran BEFORE INSERT OR UPDATE ON ficus.checkpoint FOR EACH ROW EXECUTE FUNCTION ficus.ran(); GRANT ALL ON SCHEMA ficus TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA ficus TO PUBLIC`,
  'a view that calls a function': `CREATE FUNCTION ficus.version() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ficus.ran DEFAULT VALUES; RETURN 1; END $$; CREATE VIEW ficus.migration AS SELECT ficus.version() AS version; GRANT ALL ON SCHEMA ficus TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA ficus TO PUBLIC`,
};

test.each(Object.keys(strange))('%s: the stream stops, and nothing of it has run', async (what) => {
  await stranger.query(strange[what]!);
  const refusal = {
    code: 'FICUS_SCHEMA_NOT_OWN',
    message: expect.stringContaining(
      `Schema ficus belongs to role ${role}, which may not act for role postgres`,
    ),
  };
  await replication.start();
  await expect.poll(() => replication.status().problem?.code).toBe(refusal.code);
  await replication.stop();
  await expect(replication.drop({ emptyTarget: true })).rejects.toMatchObject(refusal);
  const findings = await preflightSlice({
    ...{ slice: 'strange', tables, sourceUrl: pair.sourceUrl, targetUrl: pair.targetUrl },
  });
  expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([refusal]);
  expect((await stranger.query('SELECT * FROM ficus.ran')).rows).toEqual([]);
});

test('a schema that was given back without what is in it, or with its trigger, is refused as well', async () => {
  await stranger.query(strange['a table with a trigger']!);
  await pair.target.query('ALTER SCHEMA ficus OWNER TO postgres');
  const problem = () => replication.status().problem?.message;
  await replication.start();
  await expect.poll(problem).toMatch(`ficus.checkpoint belongs to role ${role}`);
  await pair.target.query(
    'ALTER TABLE ficus.checkpoint OWNER TO postgres; ALTER TABLE ficus.ran OWNER TO postgres; ALTER FUNCTION ficus.ran() SET SCHEMA public',
  );
  await expect.poll(problem).toMatch(/What trigger ran of ficus\.checkpoint runs belongs to role/);
  await pair.target.query('DROP SCHEMA ficus CASCADE');
  await expect.poll(() => replication.status().state).toBe('streaming');
});

test('a role that may act for Ficus’s role anyway may have made it', async () => {
  await pair.target.query(`ALTER ROLE ${role} SUPERUSER`);
  await replication.start();
  await expect.poll(() => replication.status().state).toBe('streaming');
  await pair.target.query(`ALTER ROLE ${role} NOSUPERUSER`);
});
