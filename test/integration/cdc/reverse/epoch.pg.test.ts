/**
 * The epoch of a stream is its mark at the fence of its target, and what keeps a process of an older one from writing. It
 * is raised while the stream runs; a fence that is ahead of the stream is waited for.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { installFence, type PlainFence } from '../rig/plain-fence.ts';
import { type StreamedPair, type StreamedPairOptions, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
let fence: PlainFence;
let logged: { msg: string }[];
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLES = `CREATE TABLE item (id int PRIMARY KEY, v text); CREATE TABLE twin (id int PRIMARY KEY, n int);
  CREATE TABLE line (v text); ALTER TABLE line REPLICA IDENTITY FULL;`;
const NAMES = ['item', 'twin', 'line'];

async function start(given: Partial<StreamedPairOptions> = {}): Promise<StreamedPair> {
  logged = [];
  const { pino } = await import('pino');
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLES} INSERT INTO item SELECT i, 'v' FROM generate_series(1, 900) i; INSERT INTO twin SELECT i, i FROM generate_series(1, 900) i;
      INSERT INTO line SELECT 'v' FROM generate_series(1, 20)`,
    targetSql: TABLES,
    // One is copied as text, one through expressions, one whole.
    tables: NAMES.map((name) => ({
      from: name,
      to: name,
      ...(name === 'twin' && { columns: { id: 'id', n: { sql: 'n + 1', from: ['n'] } } }),
    })),
    onDatabases: async ({ target }) => {
      fence = await installFence(target, NAMES, 3);
    },
    ...given,
    options: { epoch: 3, logger, settings: { copyChunkRows: 300 }, ...given.options },
  });
  return pair;
}

const sessions = () => logged.filter(({ msg }) => msg === 'stream runs').length;
const epochOn = async ({ target }: StreamedPair): Promise<number> =>
  (await target.query('SELECT epoch::int FROM ficus.checkpoint')).rows[0].epoch;

/** Of the stream, on the target: asked from the other database of the same server. */
async function writersWaiting(source: StreamedPair['source'], targetUrl: string): Promise<number> {
  const { rows } = await source.query(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = $1 AND application_name LIKE 'ficus%' AND wait_event_type = 'Lock'`,
    [new URL(targetUrl).pathname.slice(1)],
  );
  return rows[0].waiting;
}

test('copy, changes, TRUNCATE and a new copy pass a fence of the stream’s epoch; others do not', async () => {
  const { source, target, settle, verify, replication } = await start();
  await settle();
  await source.query(`UPDATE item SET v = 'u'; DELETE FROM twin WHERE id < 400; UPDATE line SET v = 'u'; TRUNCATE line;
    INSERT INTO line VALUES ('w')`);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
  for (const by of ["UPDATE item SET v = 'other'", 'TRUNCATE line', "INSERT INTO line VALUES ('o')"])
    await expect(target.query(by)).rejects.toMatchObject({ code: 'FI001' });
  await replication.drop({ emptyTarget: true });
  await replication.start();
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('what the target refuses is explained behind a fence, too', async () => {
  const { source, target, settle, replication } = await start({
    onDatabases: async (databases) => {
      await databases.target.query("ALTER TABLE item ADD CHECK (v <> 'bad')");
      fence = await installFence(databases.target, NAMES, 3);
    },
  });
  await settle();
  await source.query("UPDATE item SET v = 'bad' WHERE id = 7");
  await expect.poll(() => replication.status().problem?.message).toMatch(/public\.item \(id=7\)/);
  await target.query('ALTER TABLE item DROP CONSTRAINT item_v_check');
});

test('it is raised while the stream runs, durably, and the session continues', async () => {
  const { source, settle, replication } = await start();
  await settle();
  expect(await replication.changeEpoch(4, 5_000)).toBe(true);
  expect(await epochOn(pair!)).toBe(4);
  expect(await replication.changeEpoch(4, 0)).toBe(true);
  await expect(replication.changeEpoch(3, 0)).rejects.toThrow(RangeError);
  await fence.turn(4);
  await source.query("INSERT INTO item VALUES (5000, 'in the new epoch')");
  await settle();
  expect([sessions(), replication.status()]).toMatchObject([1, { state: 'streaming', problem: undefined }]);
});

test('also while both sides are compared, and behind a transaction that is larger than memory', async () => {
  const { source, target, settle, verify, replication } = await start({
    options: { settings: { batchBytes: 32 * 1024 } },
  });
  await settle();
  const pause = replication.pause();
  const { rows } = await source.query(
    `INSERT INTO item VALUES (6000, 'x') RETURNING pg_current_wal_insert_lsn()::text AS lsn`,
  );
  expect(rows).toHaveLength(1);
  expect(await replication.changeEpoch(4, 5_000)).toBe(true);
  await fence.turn(4);
  pause.resume();
  await settle();
  expect(sessions()).toBe(1);
  // The stream stands in the middle of the transaction, with its mark, when the epoch is to change.
  await target.query('BEGIN; LOCK TABLE item IN SHARE MODE');
  await source.query(`INSERT INTO item SELECT i, repeat('w', 300) FROM generate_series(10000, 11000) i`);
  await expect.poll(() => writersWaiting(source, pair!.targetUrl)).toBe(1);
  const raised = replication.changeEpoch(5, 10_000);
  await target.query('ROLLBACK');
  expect(await raised).toBe(true);
  await fence.turn(5);
  await settle();
  expect([await epochOn(pair!), sessions()]).toEqual([5, 1]);
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('a fence that is ahead holds the stream until its epoch follows', async () => {
  const { source, settle, verify, replication } = await start();
  await settle();
  await fence.turn(4);
  await source.query("INSERT INTO item VALUES (5000, 'held')");
  await expect
    .poll(() => replication.status())
    .toMatchObject({ state: 'reconnecting', problem: { code: 'FICUS_CDC_HELD' } });
  expect(await replication.changeEpoch(4, 10_000)).toBe(true);
  await settle();
  expect(replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('a process that still has the old one, or no longer the stream, commits nothing any more', async () => {
  const { target, settle, replication } = await start();
  await settle();
  const { rows } = await target.query('SELECT holder, lsn::text FROM ficus.checkpoint');
  const { holder, lsn } = rows[0];
  const advance = (epoch: number, by: string = holder) =>
    target.query('SELECT ficus.advance_checkpoint($1, $2, $3, $4, $4)', ['facts/forward', epoch, by, lsn]);
  await replication.changeEpoch(4, 5_000);
  // Its place is as it was but for the epoch; the heartbeats' moves are not what refuses it.
  await replication.stop();
  const now = await target.query('SELECT lsn::text FROM ficus.checkpoint');
  await target.query('UPDATE ficus.checkpoint SET lsn = $1', [lsn]);
  await expect(advance(3)).rejects.toMatchObject({ code: 'FC001' });
  await expect(advance(4, 'a process before it')).rejects.toMatchObject({ code: 'FC001' });
  await advance(4);
  await target.query('UPDATE ficus.checkpoint SET lsn = $1', [now.rows[0].lsn]);
});

test('a stream that does not run has it when it starts', async () => {
  const { settle, replication } = await start();
  await settle();
  await replication.stop();
  expect(await replication.changeEpoch(4, 50)).toBe(false);
  expect(await epochOn(pair!)).toBe(3);
  await replication.start();
  expect(await replication.changeEpoch(4, 5_000)).toBe(true);
  expect(await epochOn(pair!)).toBe(4);
});
