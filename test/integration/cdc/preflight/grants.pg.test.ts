/**
 * The roles that `ficus check --live --grants` prints are sufficient: the engine really runs under them, with nothing
 * more.
 */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { controlGrants } from '../../../../cdc/preflight/grants-by-database.ts';
import { grantsSql, sourceGrants, targetGrants } from '../../../../cdc/preflight/grants-sql.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { protectSource } from '../../../../cdc/source/protect-source.ts';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { openStore } from '../../../../control/store/open-store.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const slice = 'grants';
const tables = parseConfigTables([{ from: 'shop.orders', to: 'orders' }]);
const suffix = randomBytes(4).toString('hex');
const roles = { sourceRole: `reader_${suffix}`, targetRole: `writer_${suffix}` };
let pair: DatabasePair;

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigserial PRIMARY KEY, note text);
    CREATE TABLE shop.secrets (id int); INSERT INTO shop.orders (note) SELECT 'n' || n FROM generate_series(1, 500) AS n;`);
  await pair.target.query(`
    CREATE TABLE orders (id bigint PRIMARY KEY, note text);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger fired'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse();`);
  for (const statement of sourceGrants({ slice, tables, ...roles })) await pair.source.query(statement);
  for (const statement of targetGrants({ slice, tables, ...roles })) await pair.target.query(statement);
});

afterAll(async () => {
  await pair.source.query('DROP PUBLICATION IF EXISTS ficus_grants');
  for (const [client, role] of [
    [pair.source, roles.sourceRole],
    [pair.target, roles.targetRole],
  ] as const) {
    await client.query(`DROP OWNED BY ${role} CASCADE`);
    await client.query(`DROP ROLE ${role}`);
  }
  await pair.drop();
});

test('copy, stream and verify run under the printed roles, and preflight finds nothing', async () => {
  const sourceUrl = pair.sourceUrl.replace('postgres@', `${roles.sourceRole}@`);
  const targetUrl = pair.targetUrl.replace('postgres@', `${roles.targetRole}@`);
  const findings = await preflightSlice({ slice, tables, sourceUrl, targetUrl });
  expect(findings.filter((finding) => finding.severity === 'error')).toEqual([]);
  await expect(withRole(sourceUrl, 'SELECT * FROM shop.secrets')).rejects.toThrow('permission denied');

  const replication = openReplication({ onFault: failTheRun, slice, tables, sourceUrl, targetUrl });
  try {
    await replication.start();
    await expect.poll(() => replication.copied()).toBe(true);
    await pair.source.query(`
      INSERT INTO shop.orders (note) VALUES ('streamed'); UPDATE shop.orders SET note = 'changed' WHERE id = 1;
      DELETE FROM shop.orders WHERE id = 2;`);
    const report = await verifySlice({
      slice,
      tables,
      sourceUrl,
      targetUrl,
      mode: 'full',
      waitForApplied: (lsn, timeoutMs) => replication.waitForPosition(lsn, timeoutMs),
    });
    expect(report, JSON.stringify(replication.status())).toMatchObject({
      verdict: 'match',
      rowsCompared: { source: 500, target: 500 },
    });
  } finally {
    await replication.stop();
    await pair.source.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database() AND active`,
    );
  }
});

test('granted again for other tables, a publication keeps what it sends, and the stream runs with a part of it', async () => {
  const own = await createDatabasePair(inject('postgresPort'));
  const named = { sourceRole: `reader3_${suffix}`, targetRole: `writer3_${suffix}` };
  const ddl = 'CREATE TABLE visit (id int PRIMARY KEY); CREATE TABLE stay (id int PRIMARY KEY)';
  await own.source.query(ddl);
  await own.target.query(ddl);
  const mapped = (...names: string[]) => parseConfigTables(names.map((name) => ({ from: name, to: name })));
  const grant = async (...names: string[]) => {
    const input = { slice: 'part', tables: mapped(...names), ...named };
    for (const sql of sourceGrants(input)) await own.source.query(sql);
    for (const sql of targetGrants(input)) await own.target.query(sql);
  };
  const entries = async () =>
    (await own.source.query('SELECT prrelid::regclass::text AS name, oid FROM pg_publication_rel ORDER BY 1'))
      .rows;
  await grant('visit');
  const before = await entries();
  await grant('stay');
  const both = await entries();
  expect(both).toEqual([expect.objectContaining({ name: 'stay' }), ...before]);
  await grant('visit', 'stay');
  const replication = openReplication({
    onFault: failTheRun,
    slice: 'part',
    tables: mapped('visit'),
    sourceUrl: own.sourceUrl.replace('postgres@', `${named.sourceRole}@`),
    targetUrl: own.targetUrl.replace('postgres@', `${named.targetRole}@`),
  });
  try {
    await replication.start();
    await own.source.query('INSERT INTO stay VALUES (1); INSERT INTO visit VALUES (2)');
    await expect.poll(async () => (await own.target.query('SELECT id FROM visit')).rows).toEqual([{ id: 2 }]);
    expect(replication.status().problem).toBe(undefined);
    await replication.drop();
    expect(await entries()).toEqual(both);
  } finally {
    await replication.stop();
    for (const [client, role] of [
      [own.source, named.sourceRole],
      [own.target, named.targetRole],
    ] as const)
      await client.query(`REASSIGN OWNED BY ${role} TO postgres; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await own.drop();
  }
});

test('the printed role guards the source: it stops a publication that PostgreSQL refuses updates for', async () => {
  await pair.source.query('CREATE TABLE shop.notes (id int PRIMARY KEY, body text)');
  await pair.source.query(`INSERT INTO shop.notes VALUES (1, 'a')`);
  const guarded = { slice: 'notes', tables: parseConfigTables([{ from: 'shop.notes', to: 'notes' }]) };
  for (const sql of sourceGrants({ ...guarded, ...roles })) await pair.source.query(sql);
  await pair.source.query('ALTER TABLE shop.notes DROP CONSTRAINT notes_pkey');
  const update = () => pair.source.query(`UPDATE shop.notes SET body = 'b'`);
  await expect(update()).rejects.toThrow('replica identity');
  await pair.source.query(`SET ROLE ${roles.sourceRole}`);
  const undone = await protectSource(pair.source, 'ficus_notes', ['shop.notes']);
  await pair.source.query('RESET ROLE');
  expect(undone?.message).toContain('the source can write again');
  expect((await update()).rowCount).toBe(1);
});

test('a publication that the role does not own is a warning, and its SQL ends it', async () => {
  const loose = { slice: 'loose', tables };
  await pair.source.query('CREATE PUBLICATION ficus_loose FOR TABLE shop.orders');
  const warnings = async () => {
    const findings = await preflightSlice({
      ...loose,
      sourceUrl: pair.sourceUrl.replace('postgres@', `${roles.sourceRole}@`),
      targetUrl: pair.targetUrl.replace('postgres@', `${roles.targetRole}@`),
    });
    return findings.filter(({ message }) => message.includes('cannot alter publication'));
  };
  const [found, ...more] = await warnings();
  expect([found?.severity, more]).toEqual(['warning', []]);
  await pair.source.query(found?.remedySql ?? '');
  expect(await warnings()).toEqual([]);
});

test('without the grants preflight names each missing privilege, and the SQL that grants it', async () => {
  const role = `nobody_${suffix}`;
  await pair.source.query(`CREATE ROLE ${role} LOGIN`);
  try {
    const findings = await preflightSlice({
      slice: 'other',
      tables,
      sourceUrl: pair.sourceUrl.replace('postgres@', `${role}@`),
      targetUrl: pair.targetUrl.replace('postgres@', `${role}@`),
    });
    const lacking = findings.filter(({ code }) =>
      ['FICUS_CDC_PRIVILEGE', 'FICUS_SCHEMA_NOT_OWN'].includes(code),
    );
    expect(lacking.map((finding) => finding.message)).toEqual([
      expect.stringContaining('no REPLICATION attribute'),
      expect.stringContaining('cannot create a publication'),
      expect.stringContaining(`may not act for role ${role}`),
      expect.stringContaining('USAGE on schema “shop”'),
      expect.stringContaining('SELECT on “shop.orders”'),
      expect.stringContaining('does not own “shop.orders”'),
      expect.stringContaining('SELECT, INSERT, UPDATE, DELETE, TRUNCATE on “public.orders”'),
    ]);
    expect(lacking.every((finding) => finding.remedySql)).toBe(true);
  } finally {
    await pair.source.query(`DROP ROLE ${role}`);
  }
});

test('after a first try as a superuser the printed roles continue, also that of the control plane', async () => {
  const own = await createDatabasePair(inject('postgresPort'));
  const controlRole = `control_${suffix}`;
  const again = parseConfigTables([{ from: 'visit', to: 'visit' }]);
  const named = {
    slice: 'again',
    tables: again,
    sourceRole: `reader2_${suffix}`,
    targetRole: `writer2_${suffix}`,
  };
  const table = `CREATE SCHEMA "Kinds"; CREATE TYPE "Kinds".kind AS ENUM ('a', 'b');
    CREATE TABLE visit (id int PRIMARY KEY, kind "Kinds".kind[])`;
  await own.source.query(`${table}; INSERT INTO visit VALUES (1, '{a}')`);
  await own.target.query(table);
  const open = (sourceUrl: string, targetUrl: string) =>
    openReplication({ onFault: failTheRun, slice: 'again', tables: again, sourceUrl, targetUrl });
  const first = open(own.sourceUrl, own.targetUrl);
  await first.start();
  await expect.poll(() => first.copied()).toBe(true);
  await first.stop();
  await (await openStore(own.targetUrl, pino({ level: 'silent' }))).close();

  for (const script of [grantsSql(named)]) {
    const [onSource = '', onTarget = ''] = script.split(/\n(?=-- Slice [^\n]*candidate)/);
    await own.source.query(onSource);
    await own.target.query(onTarget);
  }
  await own.target.query(controlGrants(controlRole).join('\n'));
  const as = (url: string, role: string) => url.replace('postgres@', `${role}@`);
  const second = open(as(own.sourceUrl, named.sourceRole), as(own.targetUrl, named.targetRole));
  await second.start();
  await own.source.query(`INSERT INTO visit VALUES (2, '{b}')`);
  const arrived = async () => (await own.target.query('SELECT FROM visit')).rowCount;
  await expect.poll(arrived, { message: JSON.stringify(second.status()) }).toBe(2);
  await second.stop();
  const store = await openStore(as(own.targetUrl, controlRole), pino({ level: 'silent' }));
  expect(store.connected).toBe(true);
  await store.close();
  await second.drop();
  for (const [client, role] of [
    [own.source, named.sourceRole],
    [own.target, named.targetRole],
    [own.target, controlRole],
  ] as const) {
    await client.query(`REASSIGN OWNED BY ${role} TO postgres; DROP OWNED BY ${role}`);
    await client.query(`DROP ROLE ${role}`);
  }
  await own.drop();
});

async function withRole(connectionString: string, query: string): Promise<unknown> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await client.query(query);
  } finally {
    await client.end();
  }
}
