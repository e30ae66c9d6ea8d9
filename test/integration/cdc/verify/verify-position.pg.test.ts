/**
 * Both sides are compared at one position of the source, while it is being written to: no row has to be read twice, lag
 * explains nothing, and every difference is an error.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

// Its own cluster: a position is unavailable while another test's transaction is open.
let cluster: OwnCluster;
beforeAll(async () => {
  cluster = await startOwnCluster('position');
});
afterAll(() => cluster.remove());

let pair: StreamedPair | undefined;
let writing = false;
let writers: Promise<unknown> | undefined;
afterEach(async () => {
  writing = false;
  await writers;
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TABLE account (id int PRIMARY KEY, amount int, note text);
  CREATE TABLE line (account int, amount int)`;
const TABLES = [
  { from: 'account', to: 'account' },
  { from: 'line', to: 'line' },
];

async function startBusy(): Promise<StreamedPair> {
  const started = await startStreamedPair(cluster.port, {
    sourceSql: `${TABLE}; ALTER TABLE line REPLICA IDENTITY FULL;
      INSERT INTO account SELECT i, 100, 'n' FROM generate_series(1, 2000) i; INSERT INTO line SELECT i % 20, i FROM generate_series(1, 500) i`,
    targetSql: TABLE,
    tables: TABLES,
    options: { settings: { heartbeatMs: 100 } },
  });
  pair = started;
  await started.settle();
  writing = true;
  writers = Promise.all([1, 2].map((worker) => write(started, worker)));
  return started;
}

/** A few hot rows, and some all over the tables. */
async function write({ sourceUrl, replication }: StreamedPair, worker: number): Promise<void> {
  const client = new pg.Client({ connectionString: sourceUrl });
  await client.connect();
  for (let round = 0; writing; round++) {
    // No faster than the stream, which has the same two cores.
    if (round % 20 === 19) await replication.waitForPosition(await replication.currentPosition(), 10_000);
    await client.query(`BEGIN; UPDATE account SET amount = amount + 1 WHERE id = ${worker};
      UPDATE account SET amount = amount - 1, note = note || 'x' WHERE id = ${10 + ((round * 37 + worker) % 900)};
      INSERT INTO line VALUES (${worker}, ${round}); COMMIT`);
  }
  await client.end();
}

test('a busy slice is equal at a position, without a second read', async () => {
  const { replication, verify } = await startBusy();
  const before = replication.status().transactionsApplied;
  for (let run = 0; run < 2; run++) {
    const report = await verify();
    expect(report).toMatchObject({ verdict: 'match', atOnePosition: true, differences: [] });
    expect(report.tables.map(({ lag, unsettled }) => lag + unsettled)).toEqual([0, 0]);
    expect(report.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  }
  // The stream continues, and nothing is left behind on the source.
  await expect.poll(() => replication.status().transactionsApplied).toBeGreaterThan(before);
  const slots = await pair!.source.query(
    'SELECT FROM pg_replication_slots WHERE database = current_database()',
  );
  expect(slots.rowCount).toBe(1);
});

test('one wrong row among changing ones is found, and no other', async () => {
  const { target, verify } = await startBusy();
  await target.query(`UPDATE account SET note = 'wrong' WHERE id = 1500; DELETE FROM account WHERE id = 2000;
    INSERT INTO account VALUES (2001, 0, ''); INSERT INTO line VALUES (NULL, NULL)`);
  const report = await verify();
  expect(report.differences.map(({ kind, key }) => [kind, key])).toEqual([
    ['different', { id: '1500' }],
    ['missing', { id: '2000' }],
    ['extra', { id: '2001' }],
    ['extra', { account: null, amount: null }],
  ]);
});

test('without a position, rows in transit are compared again, and the report says so', async () => {
  const { source, verify, replication } = await startBusy();
  // A transaction that stays open: no snapshot with a position is available before it ends.
  const open = new pg.Client({ connectionString: pair!.sourceUrl });
  await open.connect();
  await open.query('BEGIN; CREATE TABLE unrelated (id int); SELECT pg_current_xact_id()');
  const report = await verify({ sample: 100 }, { waitTimeoutMs: 400 });
  expect(report).toMatchObject({ atOnePosition: false });
  expect(report.verdict).not.toBe('mismatch');
  await open.query('ROLLBACK');
  await open.end();
  // It was not held longer than that.
  const { rows } = await source.query('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  expect(await replication.waitForPosition(rows[0].lsn, 10_000)).toBe(true);
  expect(await verify()).toMatchObject({ verdict: 'match', atOnePosition: true });
});

test.each(['source', 'target'] as const)(
  'a table of the %s that is rewritten before its turn is not taken for empty',
  async (side) => {
    const tables =
      'CREATE TABLE account (id int PRIMARY KEY, note text); CREATE TABLE line (id int PRIMARY KEY, extra int)';
    pair = await startStreamedPair(cluster.port, {
      sourceSql: `${tables}; INSERT INTO account VALUES (1, 'n'); INSERT INTO line SELECT generate_series(1, 20)`,
      targetSql: tables,
      tables: [
        { from: 'account', to: 'account' },
        { from: 'line', to: 'line', columns: { id: 'id' } },
      ],
      options: { settings: { retryMs: 50 } },
    });
    const { replication, verify, [side]: client } = pair;
    await pair.settle();
    const pause = replication.pause.bind(replication);
    replication.pause = () => {
      const paused = pause();
      return {
        async reach(lsn, timeoutMs) {
          const reached = await paused.reach(lsn, timeoutMs);
          await client.query('BEGIN; ALTER TABLE line ALTER extra TYPE bigint');
          return reached;
        },
        resume: () => paused.resume(),
      };
    };
    const verified = verify();
    const waits = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'line'::regclass`;
    await expect.poll(async () => (await client.query(waits)).rowCount).toBeGreaterThan(0);
    await client.query('COMMIT');
    const report = await verified;
    expect(report).toMatchObject({ verdict: 'inconclusive', differences: [] });
    expect(report.tables).toMatchObject([{ complete: true }, { complete: false }]);
    replication.pause = pause;
    await pair.settle();
    expect(await verify()).toMatchObject({ verdict: 'match', atOnePosition: true });
  },
);
