/** A role that makes the schema of the control plane first would have its code run by the control plane: it is refused. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openControlRecords } from '../../../control/removal/control-records.ts';
import { openStore, type Store } from '../../../control/store/open-store.ts';
import { createTestDatabase, silent, type TestDatabase } from './rig.ts';

const role = `stranger_${randomBytes(4).toString('hex')}`;
const refusal = { code: 'FICUS_SCHEMA_NOT_OWN', message: expect.stringContaining(`belongs to role ${role}`) };
let database: TestDatabase;
let stranger: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`CREATE ROLE ${role} LOGIN; GRANT CREATE ON DATABASE "${name}" TO ${role}`);
  stranger = new pg.Client({ connectionString: database.url.replace('//postgres@', `//${role}@`) });
  await stranger.connect();
});
afterEach(async () => {
  await stranger.end();
  await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  await database.drop();
});

async function openAndClose(): Promise<void> {
  let store: Store | undefined;
  try {
    store = await openStore(database.url, silent);
  } finally {
    await store?.close();
  }
}

test('its view is not read, by the control plane or by ficus remove', async () => {
  await stranger.query(`CREATE SCHEMA ficus_control; CREATE TABLE ficus_control.ran (n int);
    CREATE FUNCTION ficus_control.version() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ficus_control.ran VALUES (1); RETURN 1; END $$;
    CREATE VIEW ficus_control.migration AS SELECT ficus_control.version() AS version;
    CREATE VIEW ficus_control.slice AS SELECT 'orders' AS name FROM (SELECT ficus_control.version()) AS v`);
  await expect(openAndClose()).rejects.toMatchObject(refusal);
  await expect(openControlRecords(database.url, false)).rejects.toMatchObject(refusal);
  expect((await stranger.query('SELECT * FROM ficus_control.ran')).rows).toEqual([]);
});

test('nor is a table of a known name; a view of another name is none of our business', async () => {
  await openAndClose();
  await database.query(
    `GRANT ALL ON SCHEMA ficus_control TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ficus_control TO ${role}`,
  );
  await stranger.query('CREATE VIEW ficus_control.report AS SELECT name FROM ficus_control.slice');
  await openAndClose();
  await database.query(`ALTER TABLE ficus_control.audit OWNER TO ${role}`);
  await expect(openAndClose()).rejects.toMatchObject(refusal);
});

test('a schema that is there needs no privilege to make one', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(
    `CREATE SCHEMA ficus_control AUTHORIZATION ${role}; REVOKE CREATE ON DATABASE "${name}" FROM ${role}`,
  );
  const store = await openStore(database.url.replace('//postgres@', `//${role}@`), silent);
  await store.close();
});
