/**
 * What the way back needs is said before a cutover needs it; what `--grants` prints for it is sufficient, and
 * without it the way to the candidate needs nothing of it.
 */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { findArmObstacles } from '../../../../cdc/arm/read-arm-facts.ts';
import { sourceGrants, targetGrants } from '../../../../cdc/preflight/grants-sql.ts';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { candidateWayBackGrants, legacyWayBackGrants } from '../../../../cdc/preflight/way-back-grants.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { openReverse } from '../rig/both-ways.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const suffix = randomBytes(4).toString('hex');
const roles = { sourceRole: `legacy_${suffix}`, targetRole: `candidate_${suffix}` };
const TABLES = [
  // No way back, and so the next one has another place in the reversed mapping.
  { from: 'shop.counted', to: 'counted', columns: { id: 'id', n: { sql: 'n * 2', from: ['n'] } } },
  { from: 'shop.orders', to: 'orders' },
];

let pair: DatabasePair;
let back: Replication | undefined;
beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY, note text);
    CREATE TABLE shop.counted (id int PRIMARY KEY, n int NOT NULL);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger fired'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION refuse();`);
  await pair.target.query(
    'CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE TABLE counted (id int PRIMARY KEY, n int)',
  );
});
afterEach(async () => {
  await back?.drop();
  back = undefined;
  for (const [client, role] of [
    [pair.source, roles.sourceRole],
    [pair.target, roles.targetRole],
  ] as const)
    await client.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  await pair.drop();
});

const input = { slice: 'back', tables: parseConfigTables(TABLES), ...roles };
const as = (url: string, role: string) => url.replace('postgres@', `${role}@`);

async function grant(): Promise<void> {
  for (const sql of sourceGrants(input)) await pair.source.query(sql);
  for (const sql of targetGrants(input)) await pair.target.query(sql);
}

async function check() {
  const [sourceUrl, targetUrl] = [as(pair.sourceUrl, roles.sourceRole), as(pair.targetUrl, roles.targetRole)];
  const forward = await preflightSlice({ slice: 'back', tables: input.tables, sourceUrl, targetUrl });
  expect(forward.filter(({ severity }) => severity === 'error')).toEqual([]);
  const found = await findArmObstacles({
    slice: 'back',
    operation: 'cutover',
    tables: input.tables,
    legacyUrl: sourceUrl,
    candidateUrl: targetUrl,
  });
  return found.filter(({ message }) => message.startsWith('On the way back'));
}

test('what is missing is named, and keeps nothing but a cutover; what is printed for it is enough, and the stream runs with it', async () => {
  await grant();
  const missing = await check();
  const about = missing.map(({ path, code, message }) => `${path} ${code} ${message}`);
  for (const words of [
    /candidate.database FICUS_CDC_PRIVILEGE .*no REPLICATION attribute/,
    /tables\[1\].to FICUS_CDC_PRIVILEGE .*does not own “public.orders”/,
    /tables\[1\].from FICUS_CDC_PRIVILEGE .*INSERT, UPDATE, DELETE, TRUNCATE on “shop.orders”/,
    /legacy.database FICUS_CDC_PRIVILEGE .*cannot keep the checkpoint/,
    /tables\[0\] FICUS_CDC_NO_WAY_BACK .*“n” goes into an expression without reverse/,
  ])
    expect(about).toContainEqual(expect.stringMatching(words));

  for (const sql of legacyWayBackGrants(input)) await pair.source.query(sql);
  for (const sql of candidateWayBackGrants(input)) await pair.target.query(sql);
  expect((await check()).map(({ code }) => code)).toEqual(['FICUS_CDC_NO_WAY_BACK']);

  back = openReverse(
    { sourceUrl: as(pair.sourceUrl, roles.sourceRole), targetUrl: as(pair.targetUrl, roles.targetRole) },
    { sourceSql: '', targetSql: '', tables: [TABLES[1]], slice: 'back' },
  );
  await back.start();
  expect(await back.proveRoundTrip(20_000)).toMatchObject({ arrived: true });
  await pair.target.query(`INSERT INTO orders VALUES (1, 'of the service')`);
  expect(await back.waitForPosition(await back.currentPosition(), 20_000)).toBe(true);
  expect((await pair.source.query('SELECT note FROM shop.orders')).rows).toEqual([
    { note: 'of the service' },
  ]);
});

test('a table of the candidate without a replica identity is not published: its own changes continue', async () => {
  await pair.target.query('ALTER TABLE orders DROP CONSTRAINT orders_pkey');
  await grant();
  for (const sql of candidateWayBackGrants(input)) await pair.target.query(sql);
  expect((await pair.target.query('SELECT FROM pg_publication')).rowCount).toBe(0);
  await pair.target.query(`UPDATE orders SET note = 'still possible'`);
});
