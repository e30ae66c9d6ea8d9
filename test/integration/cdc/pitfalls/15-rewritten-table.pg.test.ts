/**
 * Pitfall 15. A table that ALTER TABLE rewrites looks empty to an older snapshot (PostgreSQL documentation, "Caveats"
 * of multiversion concurrency). A reader that takes its snapshot, waits for the ALTER and then reads finds no rows, and
 * would consider the table completely copied.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { setFailpointTrap } from '../../../../cdc/failpoints.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
let altering: pg.Client | undefined;
afterEach(async () => {
  setFailpointTrap(undefined);
  await altering?.end();
  await pair?.drop();
  pair = undefined;
});

const ROWS = 30;
/** Of a column that is not mapped. */
const REWRITE = 'ALTER TABLE item ALTER extra TYPE bigint';

async function alterWith(url: string): Promise<pg.Client> {
  altering = new pg.Client({ connectionString: url });
  await altering.connect();
  await altering.query(`BEGIN; ${REWRITE}`);
  return altering;
}

/** A session waits for a lock on the table, or the work has ended otherwise. */
async function waitsForLock(): Promise<void> {
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'item'::regclass`;
  await expect.poll(async () => (await pair?.source.query(waiting))?.rowCount).toBeGreaterThan(0);
}

test('a chunk that waits for an ALTER TABLE finds the existing rows', async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY, extra int)';
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  let times = 0;
  setFailpointTrap((name) => {
    if (name !== 'chunk-read' || ++times > 1) return undefined;
    reached.resolve();
    return go.promise;
  });
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT i, i FROM generate_series(1, ${ROWS}) i`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item', columns: { id: 'id' } }],
    options: { settings: { copyChunkRows: 10 } },
  });
  await reached.promise;
  const client = await alterWith(pair.sourceUrl);
  go.resolve();
  await waitsForLock();
  await client.query('COMMIT');
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { target: ROWS } });
});

test('a table without a key that is rewritten while it waits to be copied whole is copied from a later moment', async () => {
  const sourceTables = `CREATE TABLE first (n int); CREATE TABLE item (n int, extra int);
    ALTER TABLE first REPLICA IDENTITY FULL; ALTER TABLE item REPLICA IDENTITY FULL`;
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  let times = 0;
  setFailpointTrap((name) => {
    if (name !== 'whole-copied' || ++times > 1) return undefined;
    reached.resolve();
    return go.promise;
  });
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${sourceTables}; INSERT INTO item SELECT i, i FROM generate_series(1, ${ROWS}) i`,
    targetSql: sourceTables,
    tables: [
      { from: 'first', to: 'first' },
      { from: 'item', to: 'item', columns: { n: 'n' } },
    ],
    options: { settings: { reconnectMinMs: 20 } },
  });
  await reached.promise;
  const client = await alterWith(pair.sourceUrl);
  await client.query('COMMIT');
  go.resolve();
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { target: ROWS } });
});

test('a row that is reread during an ALTER TABLE is found', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (id int PRIMARY KEY, name text, big text, extra int); ALTER TABLE item ALTER big SET STORAGE EXTERNAL;
      INSERT INTO item VALUES (1, 'old', repeat('x', 5000))`,
    targetSql: 'CREATE TABLE item (id int PRIMARY KEY, label text)',
    tables: [
      {
        from: 'item',
        to: 'item',
        columns: { id: 'id', label: { sql: "name || ' ' || length(big)", from: ['name', 'big'] } },
      },
    ],
    options: { settings: { heartbeatMs: 50 } },
  });
  await pair.settle();
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  setFailpointTrap((name) => {
    if (name !== 'before-settle') return undefined;
    reached.resolve();
    return go.promise;
  });
  // At a heartbeat.
  await reached.promise;
  await pair.source.query(`UPDATE item SET name = 'new'`);
  const client = await alterWith(pair.sourceUrl);
  go.resolve();
  await waitsForLock();
  await client.query('COMMIT');
  await pair.settle();
  expect((await pair.target.query('SELECT label FROM item')).rows).toEqual([{ label: 'new 5000' }]);
});
