/**
 * The way back is proven before anything depends on it: a message goes through the candidate's WAL to the legacy's
 * checkpoint. What prevents it is named, with a remedy.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import type { Replication, ReplicationOptions } from '../../../../cdc/replication.ts';
import { openReverse } from '../rig/both-ways.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';

let pair: DatabasePair | undefined;
let back: Replication | undefined;
let cluster: OwnCluster | undefined;
afterEach(async () => {
  await back?.drop().catch(() => undefined);
  await pair?.drop();
  await cluster?.remove();
  [pair, back, cluster] = [undefined, undefined, undefined];
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, v int)';

/** @param candidatePort another cluster for the candidate */
async function start(
  more: Partial<ReplicationOptions> = {},
  candidatePort = inject('postgresPort'),
): Promise<Replication> {
  pair = await createDatabasePair(candidatePort, inject('postgresPort'));
  await pair.source.query(`${TABLE}; INSERT INTO item VALUES (1, 1)`);
  await pair.target.query(`${TABLE}; INSERT INTO item VALUES (1, 1)`);
  back = openReverse(pair, { sourceSql: '', targetSql: '', tables: [{ from: 'item', to: 'item' }] }, more);
  await back.start();
  return back;
}

const asRole = (url: string, role: string) => url.replace('//postgres@', `//${role}@`);

test('a message goes through, and says how long it took', async () => {
  const stream = await start();
  const trip = await stream.proveRoundTrip(20_000);
  expect(trip).toMatchObject({ arrived: true, tookMs: expect.any(Number) });
  expect(await stream.copied()).toBe(true);
  // Nothing was copied over the legacy's rows.
  expect(stream.status()).toMatchObject({ rowsApplied: 0, copy: { rowsCopied: 0, done: true } });
});

test('a slot that is gone', async () => {
  const stream = await start();
  await stream.proveRoundTrip(20_000);
  await stream.stop();
  await pair!.target.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'ficus_facts_back_%'
    AND database = current_database()`);
  await stream.start();
  expect(await stream.proveRoundTrip(2_000)).toMatchObject({
    arrived: false,
    problem: { code: 'FICUS_CDC_SLOT_LOST', remedy: expect.stringMatching(/way back/) },
  });
});

test('a publication that is gone', async () => {
  const stream = await start({ settings: { slotCheckMs: 50 } });
  await stream.proveRoundTrip(20_000);
  await pair!.target.query('DROP PUBLICATION ficus_facts_back');
  await expect
    .poll(async () => stream.proveRoundTrip(500))
    .toMatchObject({
      arrived: false,
      problem: { code: expect.stringMatching(/PUBLICATION_GAP|UNDECODABLE/) },
    });
});

test('a candidate whose WAL is not logical', async () => {
  cluster = await startOwnCluster('replica', { wal_level: 'replica' });
  const stream = await start({}, cluster.port);
  expect(await stream.proveRoundTrip(2_000)).toMatchObject({
    arrived: false,
    problem: { code: 'FICUS_CDC_WAL_LEVEL', remedy: expect.stringContaining('logical') },
  });
});

test.each([
  ['may not read the candidate’s WAL', 'source', 'NOREPLICATION', /WAL ?sender/i],
  ['may not write the legacy’s tables', 'target', '', /lacks INSERT, UPDATE, DELETE, TRUNCATE on item/],
] as const)('a role that %s', async (_, side, attribute, message) => {
  const role = `${side}_${process.pid}`;
  const admin = new pg.Client({
    connectionString: `postgres://postgres@127.0.0.1:${inject('postgresPort')}/postgres`,
  });
  await admin.connect();
  await admin.query(`CREATE ROLE ${role} LOGIN ${attribute}`);
  try {
    pair = await createDatabasePair(inject('postgresPort'));
    for (const [client, grants] of [
      [pair.source, 'SELECT'],
      [pair.target, 'SELECT'],
    ] as const)
      await client.query(`${TABLE}; GRANT ${grants} ON item TO ${role};
        DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${role}', current_database()); END $$`);
    const urls =
      side === 'source'
        ? { sourceUrl: asRole(pair.targetUrl, role) }
        : { targetUrl: asRole(pair.sourceUrl, role) };
    back = openReverse(pair, { sourceSql: '', targetSql: '', tables: [{ from: 'item', to: 'item' }] }, urls);
    await back.start();
    expect(await back.proveRoundTrip(5_000)).toMatchObject({
      arrived: false,
      problem: { code: 'FICUS_CDC_PRIVILEGE', message: expect.stringMatching(message) },
    });
  } finally {
    await back?.stop();
    for (const client of [pair!.source, pair!.target]) await client.query(`DROP OWNED BY ${role} CASCADE`);
    await admin.query(`DROP ROLE ${role}`);
    await admin.end();
  }
});
