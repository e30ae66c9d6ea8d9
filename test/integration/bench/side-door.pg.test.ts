/** The benchmark's direct writers: what was acknowledged to them, what was refused and why, and that they come back. */
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openSideDoor, SIDE_DOORS, type SideDoorKind } from '../../../bench/cutover/side-door/side-door.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../../parts/empty-database.ts';

let database: EmptyDatabase;
let admin: pg.Client;

beforeEach(async () => {
  database = await createEmptyDatabase(inject('postgresPort'), 'side_door');
  admin = new pg.Client({ connectionString: database.url });
  admin.on('error', () => undefined);
  await admin.connect();
  // A sequence counts what is refused: it is not rolled back.
  await admin.query(`CREATE TABLE note (key text, customer int); CREATE SEQUENCE refusals;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION USING ERRCODE = 'FI001', MESSAGE = 'moved'; END $$`);
});
afterEach(async () => {
  await admin.end();
  await database.drop();
});

const open = (kind: SideDoorKind) =>
  openSideDoor({
    kind,
    url: database.url,
    insert: 'INSERT INTO note VALUES ($1, $2)',
    round: 1,
    customers: [7],
  });

async function rows(): Promise<string[]> {
  return (await admin.query('SELECT key FROM note ORDER BY key')).rows.map(({ key }) => key);
}

test.each(SIDE_DOORS)('%s: what was acknowledged is there, what was refused is not', async (kind) => {
  const door = await open(kind);
  await expect.poll(rows).not.toEqual([]);
  await admin.query('CREATE TRIGGER no BEFORE INSERT ON note FOR EACH STATEMENT EXECUTE FUNCTION refuse()');
  const before = (await rows()).length;
  const refusals = async () =>
    Number((await admin.query('SELECT last_value FROM refusals')).rows[0].last_value);
  await expect.poll(refusals).toBeGreaterThan(2);
  const records = await door.stop();
  const acknowledged = records.filter((record) => record.acknowledged).map(({ key }) => key);
  expect(acknowledged.sort()).toEqual(await rows());
  expect((await rows()).length).toBe(before);
  const refused = records.filter((record) => !record.acknowledged);
  expect(new Set(refused.map(({ failure }) => failure))).toEqual(new Set(['FI001 moved']));
});

test.each(SIDE_DOORS)('%s connects again when its connection was ended', async (kind) => {
  const door = await open(kind);
  await expect.poll(rows).not.toEqual([]);
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = '${kind}' AND datname = current_database()`);
  const before = (await rows()).length;
  await expect.poll(async () => (await rows()).length).toBeGreaterThan(before + 1);
  const records = await door.stop();
  const acknowledged = records.filter((record) => record.acknowledged).map(({ key }) => key);
  expect((await rows()).filter((key) => acknowledged.includes(key))).toEqual(acknowledged.sort());
});
