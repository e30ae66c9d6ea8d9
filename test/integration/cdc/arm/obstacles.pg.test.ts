/** What would keep a cutover waiting, or change tables under its fence: each kind on a real server. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ensureState } from '../../../../cdc/apply/state-schema.ts';
import { evaluateTransactions } from '../../../../cdc/arm/evaluate-transactions.ts';
import { readTransactions, readVacuums } from '../../../../cdc/arm/read-transactions.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type ArmPair, createArmPair } from './arm-pair.ts';

let cluster: OwnCluster;
let pair: ArmPair;
const others: pg.Client[] = [];

beforeAll(async () => {
  cluster = await startOwnCluster('arm', { max_prepared_transactions: '5', max_replication_slots: '2' });
  const sql = 'CREATE TABLE "It em" (id int PRIMARY KEY); CREATE TABLE other (id int)';
  pair = await createArmPair(cluster.port, sql, sql, [{ from: 'public.It em', to: 'public.It em' }]);
});
afterEach(async () => {
  for (const client of others.splice(0)) await client.end();
});
afterAll(async () => {
  await pair.drop();
  await cluster.remove();
});

const TABLES = ['public.It em'];
async function session(url: string, ...statements: readonly string[]): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'nightly job' });
  await client.connect();
  others.push(client);
  for (const statement of statements) await client.query(statement);
  return client;
}

test('a synchronous standby that is away: no commit would end, nor the fence’s own', async () => {
  const errors = async () =>
    (await pair.look(['FICUS_ARM_SERVER'])).filter(({ severity }) => severity === 'error');
  expect(await errors()).toEqual([]);
  const set = (value: string) => pair.source.query(`ALTER SYSTEM SET synchronous_standby_names = '${value}'`);
  await set('ghost');
  try {
    await pair.source.query('SELECT pg_reload_conf()');
    await expect.poll(errors).toMatchObject(
      ['legacy', 'candidate'].map((side) => ({
        path: expect.stringContaining(side),
        message: expect.stringContaining(`No synchronous standby of the ${side} is connected`),
      })),
    );
    await pair.source.query((await errors())[0]!.remedySql!.split(';')[0]!);
  } finally {
    await set('');
    await pair.source.query('SELECT pg_reload_conf()');
  }
  await expect.poll(errors).toEqual([]);
});

describe('transactions', () => {
  test('one that has written a table is an obstacle, one that reads is none', async () => {
    await session(pair.sourceUrl, 'BEGIN', 'INSERT INTO "It em" VALUES (1)');
    await session(pair.sourceUrl, 'BEGIN', 'SELECT * FROM "It em" FOR UPDATE', 'SELECT * FROM other');
    expect(await readTransactions(pair.source, TABLES, 0)).toMatchObject([
      {
        gid: null,
        role: 'postgres',
        application: 'nightly job',
        state: 'idle in transaction',
        tables: ['public.It em'],
        hasWritten: true,
        here: true,
      },
    ]);
    // Younger ones are ordinary.
    expect(await readTransactions(pair.source, TABLES, 60)).toEqual([]);
  });

  test('a partition counts as its table', async () => {
    await pair.source.query(
      'CREATE TABLE whole (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF whole DEFAULT',
    );
    await session(pair.sourceUrl, 'BEGIN', 'INSERT INTO part VALUES (1)');
    expect(await readTransactions(pair.source, ['public.whole'], 0)).toMatchObject([
      { tables: ['public.whole'] },
    ]);
  });

  test('prepared ones, of this and of another database, and the printed SQL ends them', async () => {
    await session(
      pair.sourceUrl,
      'BEGIN',
      'INSERT INTO "It em" VALUES (7)',
      "PREPARE TRANSACTION 'it''s open'",
    );
    await session(pair.sourceUrl, 'BEGIN', 'INSERT INTO other VALUES (7)', "PREPARE TRANSACTION 'elsewhere'");
    const findings = await pair.look(['FICUS_ARM_TRANSACTION']);
    expect(findings.map(({ severity, path, message }) => [severity, path, message])).toEqual([
      [
        'error',
        'legacy.database',
        expect.stringMatching(
          /^Prepared transaction “it's open” \(role “postgres”, for \d s\) holds “public.It em” of the legacy/,
        ),
      ],
      [
        'warning',
        'legacy.database',
        expect.stringMatching(/^Prepared transaction “elsewhere”.*holds none of the slice’s tables/),
      ],
      // The stream back needs a slot of the same server.
      [
        'warning',
        'slices.facts.candidate.database',
        expect.stringMatching(/“it's open”.*the slot of the stream back is made only when/),
      ],
      ['warning', 'slices.facts.candidate.database', expect.stringContaining('“elsewhere”')],
    ]);
    for (const { remedySql } of findings.slice(0, 2)) await pair.source.query(remedySql!);
    expect(await pair.look(['FICUS_ARM_TRANSACTION'])).toEqual([]);
  });

  test('a vacuum by hand keeps the triggers waiting', async () => {
    await session(pair.sourceUrl, 'BEGIN', 'LOCK TABLE "It em" IN SHARE UPDATE EXCLUSIVE MODE');
    expect(await readTransactions(pair.source, TABLES, 0)).toMatchObject([
      { tables: TABLES, hasWritten: false },
    ]);
  });

  test('the stream’s own are none', async () => {
    const client = await session(
      pair.sourceUrl,
      "SET application_name = 'ficus facts'",
      'BEGIN',
      'INSERT INTO "It em" VALUES (2)',
    );
    expect(await readTransactions(pair.source, TABLES, 0)).toEqual([]);
    await client.query('ROLLBACK');
  });

  test('a role that sees no one’s age finds them all the same, and is said to be blind', async () => {
    await pair.source.query('CREATE ROLE blind LOGIN; GRANT ALL ON "It em" TO blind');
    await session(pair.sourceUrl, 'BEGIN', 'INSERT INTO "It em" VALUES (3)');
    const client = await session(pair.sourceUrl.replace('postgres@', 'blind@'));
    expect(await readTransactions(client, TABLES, 60)).toMatchObject([{ tables: TABLES, seconds: null }]);
    const facts = {
      side: 'legacy',
      path: 'legacy.database',
      role: 'blind',
      seesOthers: false,
      transactions: [],
      vacuums: [],
    } as never;
    const [finding] = evaluateTransactions(facts, false);
    expect(finding).toMatchObject({
      code: 'FICUS_CDC_PRIVILEGE',
      remedySql: 'GRANT pg_read_all_stats TO "blind";',
    });
    await pair.source.query(finding!.remedySql!);
    expect(await readTransactions(client, TABLES, 60)).toEqual([]);
  });

  test('whose age is hidden counts only while it stays open, whatever other writers do', async () => {
    await pair.source.query('CREATE ROLE blind_too LOGIN');
    const busy = await session(pair.sourceUrl);
    let writes = 0;
    let stopped = false;
    const writing = (async () => {
      while (!stopped) {
        await busy.query(
          `BEGIN; INSERT INTO "It em" VALUES (${1000 + writes++}) ON CONFLICT DO NOTHING; SELECT pg_sleep(0.05)`,
        );
        await busy.query('COMMIT');
      }
    })();
    await expect.poll(() => writes).toBeGreaterThan(2);
    await session(
      pair.sourceUrl,
      "SET application_name = 'forgotten'",
      'BEGIN',
      'DELETE FROM "It em" WHERE id = -1',
    );
    const client = await session(pair.sourceUrl.replace('postgres@', 'blind_too@'));
    const found = await readTransactions(client, TABLES, 60);
    stopped = true;
    await writing;
    expect(found).toMatchObject([{ application: 'forgotten', seconds: null, tables: TABLES }]);
  });
});

test('vacuums: the age of a table, and its own bound', async () => {
  await pair.source.query('ALTER TABLE "It em" SET (autovacuum_freeze_max_age = 150000)');
  expect(await readVacuums(pair.source, TABLES)).toMatchObject([
    { table: 'public.It em', bound: 150_000, running: false },
  ]);
});

test('settings: prepared transactions, room for a slot, what the server may drop', async () => {
  const codes = ['FICUS_ARM_SERVER', 'FICUS_CDC_SLOT_RETENTION', 'FICUS_CDC_SLOTS_EXHAUSTED'] as const;
  const before = await pair.look(codes);
  expect(before.map(({ severity, code, message }) => [severity, code, message])).toEqual([
    ['warning', 'FICUS_CDC_SLOT_RETENTION', expect.stringContaining('of the candidate is unlimited')],
    [
      'warning',
      'FICUS_ARM_SERVER',
      expect.stringContaining('The legacy allows prepared transactions (max_prepared_transactions = 5)'),
    ],
  ]);
  for (const name of ['a', 'b'])
    await pair.target.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  expect(await pair.look(['FICUS_CDC_SLOTS_EXHAUSTED'])).toMatchObject([
    {
      severity: 'error',
      path: 'slices.facts.candidate.database',
      message: expect.stringContaining('All 2 replication slots of the candidate'),
    },
  ]);
  for (const name of ['a', 'b']) await pair.target.query(`SELECT pg_drop_replication_slot('${name}')`);
  const { rows } = await pair.source.query(
    "SELECT current_setting('idle_replication_slot_timeout', true) AS now",
  );
  if (rows[0].now === null) return; // before 18
  await pair.source.query("ALTER SYSTEM SET idle_replication_slot_timeout = '2h'");
  await pair.source.query('SELECT pg_reload_conf()');
  const idle = () =>
    pair
      .look(['FICUS_ARM_SERVER'])
      .then((findings) => findings.filter(({ message }) => message.includes('idle_')));
  await expect.poll(idle).toMatchObject([{ message: expect.stringContaining('nothing reads for 2h') }]);
  for (const statement of (await idle())[0]!.remedySql!.split(';').filter((part) => part.trim()))
    await pair.source.query(statement);
  await expect.poll(idle).toEqual([]);
});

test('a native subscription, and event triggers', async () => {
  const name = '"Sub ""scription"';
  await pair.source.query('CREATE PUBLICATION p FOR TABLE "It em"');
  const { port, database } = { port: cluster.port, database: new URL(pair.sourceUrl).pathname.slice(1) };
  await pair.target.query(
    `CREATE SUBSCRIPTION ${name} CONNECTION 'host=127.0.0.1 port=${port} user=postgres dbname=${database}' PUBLICATION p WITH (connect = false, slot_name = none)`,
  );
  await pair.target
    .query(`INSERT INTO pg_subscription_rel SELECT oid, '"It em"'::regclass, 'r' FROM pg_subscription`)
    .catch(() => undefined);
  await pair.source.query(`CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER "See it" ON ddl_command_end EXECUTE FUNCTION see();
    CREATE EVENT TRIGGER other ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION see()`);
  const findings = await pair.look(['FICUS_ARM_SUBSCRIPTION', 'FICUS_ARM_DDL']);
  expect(findings.map(({ severity, path, message }) => [severity, path, message])).toEqual([
    ['warning', 'legacy.database', expect.stringContaining('Event trigger “See it” of the legacy')],
    [
      'error',
      'slices.facts.candidate.database',
      expect.stringContaining('Subscription “Sub "scription” writes “public.It em” of the candidate'),
    ],
  ]);
  await pair.source.query(findings[0]!.remedySql!);
  const statements = findings[1]!
    .remedySql!.split(';')
    .filter((part) => part.trim() && !part.trim().startsWith('--'));
  for (const statement of statements) await pair.target.query(statement);
  expect(await pair.look(['FICUS_ARM_SUBSCRIPTION', 'FICUS_ARM_DDL'])).toEqual([]);
});

test('tables that the fence covers without being in the slice', async () => {
  await pair.source.query(`CREATE TABLE content (id int); ALTER TABLE "It em" INHERIT content;
    CREATE TABLE comment () INHERITS (content); CREATE TABLE below () INHERITS ("It em")`);
  const findings = await pair.look(['FICUS_ARM_TREE']);
  expect(findings.map(({ severity, path, message }) => [severity, path, message])).toEqual([
    ['error', 'legacy.database', expect.stringContaining('“public.comment” of the legacy shares a tree')],
    ['error', 'legacy.database', expect.stringContaining('“public.content” of the legacy')],
  ]);
});

test('a native subscriber of all tables stops at the stream’s state, unless it was given the tables first', async () => {
  const sql = 'CREATE TABLE item (id int PRIMARY KEY)';
  const own = await createArmPair(cluster.port, sql, sql, [{ from: 'item', to: 'item' }]);
  const { source, target } = own;
  const database = new URL(own.sourceUrl).pathname.slice(1);
  await source.query('CREATE PUBLICATION everything FOR ALL TABLES');
  await source.query(`SELECT pg_create_logical_replication_slot('replica', 'pgoutput')`);
  await target.query(`CREATE SUBSCRIPTION replica CONNECTION 'host=127.0.0.1 port=${cluster.port} user=postgres dbname=${database}'
    PUBLICATION everything WITH (create_slot = false, copy_data = false)`);
  const [finding, ...others] = await own.look(['FICUS_ARM_PUBLICATION']);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    severity: 'error',
    path: 'legacy.database',
    message: expect.stringContaining('Publication “everything” of the legacy sends all tables'),
  });
  await target.query(finding!.remedySql!.split('-- here alone:')[0]!);
  await source.query(finding!.remedySql!);
  expect(await own.look(['FICUS_ARM_PUBLICATION'])).toEqual([]);
  try {
    await ensureState(source);
    await source.query(
      `INSERT INTO ficus.checkpoint (stream, epoch, lsn, slot, system_identifier, timeline) VALUES ('s', 1, '0/0', 's', '1', 1)`,
    );
    await source.query('INSERT INTO item VALUES (1)');
    const arrived = async () => (await target.query('SELECT FROM item')).rowCount;
    await expect.poll(arrived).toBe(1);
  } finally {
    await target.query('DROP SUBSCRIPTION replica');
    await own.drop();
  }
});

test('roles that dump the database, and could no longer', async () => {
  const sql = 'CREATE TABLE item (id int PRIMARY KEY)';
  const own = await createArmPair(cluster.port, sql, sql, [{ from: 'item', to: 'item' }]);
  await own.source.query(`CREATE ROLE nightly LOGIN; CREATE ROLE shop LOGIN; CREATE ROLE partly LOGIN; CREATE TABLE secret (id int);
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO nightly; GRANT ALL ON ALL TABLES IN SCHEMA public TO shop; GRANT SELECT ON item TO partly`);
  const look = async () =>
    (await own.look(['FICUS_CDC_PRIVILEGE'])).filter(({ message }) => message.includes('dump'));
  const [finding, ...others] = await look();
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    severity: 'warning',
    path: 'legacy.database',
    message: expect.stringContaining('Role “nightly” reads every table of the legacy'),
  });
  // The error that the dump ends with.
  await ensureState(own.source);
  const nightly = new pg.Client({ connectionString: own.sourceUrl.replace('postgres@', 'nightly@') });
  await nightly.connect();
  const lock = () => nightly.query('BEGIN; LOCK TABLE ficus.checkpoint IN ACCESS SHARE MODE; COMMIT');
  await expect(lock()).rejects.toMatchObject({ code: '42501' });
  await nightly.query('ROLLBACK');
  await own.source.query(finding!.remedySql!);
  await lock();
  expect(await look()).toEqual([]);
  await nightly.end();
  await own.drop();
});
