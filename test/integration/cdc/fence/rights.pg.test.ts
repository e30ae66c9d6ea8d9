/** Who may do what with a fence: its owner installs, an operator turns, a writer only meets it. */
import { afterEach, expect, inject, test } from 'vitest';
import { fenceSql } from '../../../../cdc/fence/fence-sql.ts';
import { createFencedDatabase, type FencedDatabase, type FencedOptions } from './fenced-database.ts';

const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
let shop: FencedDatabase;

async function make(options: FencedOptions = {}): Promise<void> {
  const ddl = 'CREATE TABLE orders (id serial PRIMARY KEY, note text)';
  shop = await createFencedDatabase(inject('postgresPort'), ddl, options);
}
afterEach(() => shop.drop());

const urlOf = (role: string) => shop.url.replace('//postgres@', `//${role}@`);

/** As an administrator does with what the grants print: the writer’s role owns the tables, the applier’s operates. */
async function installAsAdministrator(): Promise<string[]> {
  const database = new URL(shop.url).pathname.slice(1);
  await shop.admin.query(
    `ALTER TABLE orders OWNER TO ${shop.writerRole}; REVOKE CREATE ON DATABASE ${database} FROM ${shop.writerRole}`,
  );
  const statements = fenceSql({
    slice: 'orders',
    side: 'legacy',
    tables: ['public.orders'],
    applierRole: shop.applierRole,
    operatorRole: shop.applierRole,
    first: '8',
  });
  for (const statement of statements) await shop.admin.query(statement);
  return statements;
}

test('an operator that owns nothing turns the fence, and reads notes, gaps and blockers', async () => {
  await make({ first: null });
  await installAsAdministrator();
  const fence = shop.open({ url: urlOf(shop.applierRole) });
  expect(await fence.install({ epoch: 9, mode: 'moved' })).toEqual({ epoch: 1, mode: 'armed' });
  expect(await fence.observe(true)).toEqual({ epoch: 1, mode: 'observe' });
  await (await shop.connect(shop.writerRole)).query(INSERT);
  const notes = await fence.notes();
  expect(notes).toHaveLength(1);
  await fence.forget(notes.map(({ key }) => key));
  expect(await fence.notes()).toEqual([]);
  expect(await fence.gaps()).toEqual([]);
  const turn = {
    expected: { epoch: 1, mode: 'observe' },
    wanted: { epoch: 2, mode: 'hold' },
    drainMs: 1_000,
  } as const;
  expect(await fence.turn(turn)).toMatchObject({ turned: true });
  expect(await fence.blockers()).toEqual([]);
});

test('the SQL can be run again: state and key stay, and everything belongs to the owner of the tables', async () => {
  await make({ first: null });
  const statements = await installAsAdministrator();
  const config = async () =>
    (await shop.admin.query(`SELECT prosrc FROM pg_proc WHERE proname LIKE 'config\\_%'`)).rows[0].prosrc;
  const before = await config();
  await shop.turn('1 armed', '2 hold');
  for (const statement of statements) await shop.admin.query(statement);
  expect(await config()).toBe(before);
  expect(await shop.fence.state()).toEqual({ epoch: 2, mode: 'hold' });
  const { rows } = await shop.admin.query(
    `SELECT DISTINCT owner::regrole::text FROM (SELECT nspowner FROM pg_namespace WHERE nspname = 'ficus_fence'
       UNION ALL SELECT relowner FROM pg_class WHERE relnamespace = 'ficus_fence'::regnamespace
       UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'ficus_fence'::regnamespace) AS t(owner)`,
  );
  expect(rows).toEqual([{ owner: shop.writerRole }]);
  // What a dump of the database does first, as the owner of its tables.
  const owner = await shop.connect(shop.writerRole);
  await owner.query('BEGIN; LOCK TABLE ficus_fence.seen IN ACCESS SHARE MODE; COMMIT');
});

test('other words for refused writers are the owner’s to give; an operator’s fence works with those it has', async () => {
  await make({ first: null });
  await installAsAdministrator();
  const url = urlOf(shop.applierRole);
  const fence = shop.open({ url, elsewhere: 'database “orders” on db2:5432' });
  expect(await fence.install({ epoch: 1, mode: 'armed' })).toEqual({ epoch: 1, mode: 'armed' });
  await expect(
    shop.open({ url, applierRole: 'another' }).install({ epoch: 1, mode: 'armed' }),
  ).rejects.toMatchObject({
    code: 'FICUS_FENCE_NOT_OWNER',
  });
});

test('a role that owns neither tables nor fence is given the SQL, which an administrator can run', async () => {
  await make({ first: null });
  await shop.admin.query(`ALTER TABLE orders OWNER TO ${shop.writerRole}`);
  const fence = shop.open({ url: urlOf(shop.applierRole) });
  const error = await fence.install({ epoch: 1, mode: 'armed' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'FICUS_FENCE_NOT_OWNER',
    message: expect.stringContaining(shop.applierRole),
  });
  await shop.admin.query((error as { details: { sql: string } }).details.sql);
  expect(await fence.install({ epoch: 1, mode: 'armed' })).toEqual({ epoch: 1, mode: 'armed' });
  expect(await fence.gaps()).toEqual([]);
});

test('the owner of the tables installs it without being a superuser', async () => {
  await make({ first: null });
  const database = new URL(shop.url).pathname.slice(1);
  await shop.admin.query(
    `ALTER TABLE orders OWNER TO ${shop.writerRole}; GRANT CREATE ON DATABASE ${database} TO ${shop.writerRole}`,
  );
  const fence = shop.open({ url: urlOf(shop.writerRole) });
  expect(await fence.install({ epoch: 1, mode: 'armed' })).toEqual({ epoch: 1, mode: 'armed' });
  expect(await fence.gaps()).toEqual([]);
  expect(
    await fence.turn({
      expected: { epoch: 1, mode: 'armed' },
      wanted: { epoch: 2, mode: 'hold' },
      drainMs: 1_000,
    }),
  ).toMatchObject({ turned: true });
});

test('no stranger sets the state, turns, or reads what others wrote; default privileges change nothing', async () => {
  await make({ first: null });
  await shop.admin.query(
    `ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO ${shop.writerRole}, PUBLIC; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${shop.writerRole};
     ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO ${shop.writerRole}; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
  );
  await shop.fence.install({ epoch: 1, mode: 'armed' });
  const stranger = await shop.connect(shop.writerRole);
  const { rows } = await shop.admin.query(
    `SELECT substr(proname, 7) AS word FROM pg_proc WHERE proname LIKE 'guard\\_%'`,
  );
  const { word } = rows[0];
  for (const sql of [
    `SELECT setval('ficus_fence.state_${word}', 19)`,
    `SELECT nextval('ficus_fence.state_${word}')`,
    `SELECT ficus_fence.turn_${word}(8, 18)`,
    `SELECT ficus_fence.observe_${word}(true)`,
    `SELECT ficus_fence.forget('{}')`,
    `SELECT ficus_fence.disarm('${word}', 'orders'::regclass)`,
    'SELECT * FROM ficus_fence.seen',
    'DELETE FROM ficus_fence.seen',
    `CREATE TRIGGER own BEFORE INSERT ON ficus_fence.seen FOR EACH ROW EXECUTE FUNCTION ficus_fence.guard_${word}()`,
    `SELECT nextval('ficus_fence.missed')`,
  ])
    await expect(stranger.query(sql), sql).rejects.toMatchObject({ code: '42501' });
  await stranger.query(INSERT);
  await shop.turn('1 armed', '1 observe');
  await stranger.query(INSERT);
  expect(await shop.fence.notes()).toHaveLength(1);
});

test('a role that made the schema first does not get the fence: its code would run as every writer', async () => {
  await make({ first: null });
  const database = new URL(shop.url).pathname.slice(1);
  await shop.admin.query(`GRANT CREATE ON DATABASE ${database} TO ${shop.writerRole}`);
  const stranger = await shop.connect(shop.writerRole);
  await stranger.query('CREATE SCHEMA ficus_fence');
  const refusal = {
    code: 'FICUS_FENCE_NOT_OWNER',
    message: expect.stringContaining(`belongs to role ${shop.writerRole}`),
  };
  await expect(shop.fence.install({ epoch: 1, mode: 'armed' })).rejects.toMatchObject(refusal);
  // Also when it has made everything that is looked for.
  await stranger.query('DROP SCHEMA ficus_fence');
  await shop.fence.install({ epoch: 1, mode: 'armed' });
  const { rows } = await shop.admin.query<{ name: string }>(
    `SELECT oid::regprocedure::text AS name FROM pg_proc WHERE proname LIKE 'guard\\_%'`,
  );
  const { writerRole } = shop;
  await shop.admin.query(
    `GRANT TRIGGER ON ficus_fence.seen TO ${writerRole}; GRANT USAGE ON SCHEMA ficus_fence TO ${writerRole}; CREATE SCHEMA own AUTHORIZATION ${writerRole}`,
  );
  await stranger.query(
    `CREATE FUNCTION own.run() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
     CREATE TRIGGER late BEFORE INSERT ON ficus_fence.seen FOR EACH ROW EXECUTE FUNCTION own.run()`,
  );
  await expect(shop.fence.install({ epoch: 1, mode: 'armed' })).rejects.toMatchObject(refusal);
  await shop.admin.query('DROP TRIGGER late ON ficus_fence.seen');
  await shop.fence.install({ epoch: 1, mode: 'armed' });
  await shop.admin.query(`ALTER FUNCTION ${rows[0]!.name} OWNER TO ${writerRole}`);
  await expect(shop.fence.install({ epoch: 1, mode: 'armed' })).rejects.toMatchObject(refusal);
});

test('a right to set the state is a gap', async () => {
  await make();
  const { rows } = await shop.admin.query(
    `SELECT oid::regclass::text AS state FROM pg_class WHERE relname LIKE 'state\\_%'`,
  );
  await shop.admin.query(`GRANT UPDATE ON SEQUENCE ${rows[0].state} TO ${shop.writerRole}`);
  await expect(shop.turn('1 armed', '2 hold', 100)).rejects.toMatchObject({
    code: 'FICUS_FENCE_GAPS',
    message: expect.stringContaining(`may be set by role ${shop.writerRole}`),
  });
});

test('a writer’s search_path, with operators and functions of its own, changes nothing', async () => {
  await make();
  const writer = await shop.connect(shop.writerRole);
  await writer
    .query(`
    CREATE SCHEMA AUTHORIZATION CURRENT_USER`)
    .catch(() => undefined);
  await shop.admin.query(`
    CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
    CREATE FUNCTION evil.yes(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION evil.zero(text) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
    CREATE FUNCTION evil.zero(regclass) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
    CREATE FUNCTION evil.and0(bigint, int) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
    CREATE FUNCTION evil.equal(bigint, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    ALTER FUNCTION evil.yes RENAME TO pg_try_advisory_xact_lock_shared;
    ALTER FUNCTION evil.zero(text) RENAME TO pg_sequence_last_value; ALTER FUNCTION evil.zero(regclass) RENAME TO pg_sequence_last_value;
    CREATE OPERATOR evil.& (LEFTARG = bigint, RIGHTARG = int, FUNCTION = evil.and0);
    CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = int, FUNCTION = evil.equal);
    CREATE TYPE evil.bigint AS ENUM ('a'); CREATE TYPE evil.text AS ENUM ('a'); CREATE TYPE evil.name AS ENUM ('a')`);
  await writer.query('SET search_path = evil, pg_catalog, public');
  await writer.query(INSERT);
  await shop.turn('1 armed', '2 hold');
  await expect(writer.query(INSERT)).rejects.toMatchObject({ code: 'FI001' });
  await shop.turn('2 hold', '2 observe');
  await writer.query(INSERT);
  expect(await shop.fence.notes()).toHaveLength(1);
});

test('a server on which PUBLIC may not take the lock gets no fence: each write would fail', async () => {
  await make({ first: null });
  await shop.admin.query('REVOKE EXECUTE ON FUNCTION pg_try_advisory_xact_lock_shared(bigint) FROM PUBLIC');
  const error = await shop.fence.install({ epoch: 1, mode: 'armed' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: expect.stringContaining('PUBLIC may not execute') });
  await (await shop.connect(shop.writerRole)).query(INSERT);
});

test('the administrator’s SQL keeps no table locked while it waits for another: no writer of both is ended', async () => {
  shop = await createFencedDatabase(
    inject('postgresPort'),
    'CREATE TABLE orders (id serial PRIMARY KEY, note text); CREATE TABLE items (id int)',
    { first: null },
  );
  const statements = fenceSql({
    ...{ slice: 'orders', side: 'legacy', tables: ['public.orders', 'public.items'], first: '8' },
    ...{ applierRole: shop.applierRole, operatorRole: shop.applierRole },
  });
  const writer = await shop.connect();
  await writer.query('BEGIN; INSERT INTO items VALUES (1)');
  const administrator = await shop.connect();
  const installed = administrator.query(statements.join('\n'));
  const waits = async () =>
    (await shop.admin.query(`SELECT FROM pg_locks WHERE relation = 'items'::regclass AND NOT granted`))
      .rowCount;
  await expect.poll(waits, { interval: 5 }).toBe(1);
  await writer.query(INSERT);
  await writer.query('COMMIT');
  await installed;
  expect(await shop.open({ tables: ['public.orders', 'public.items'] }).gaps()).toEqual([]);
});
