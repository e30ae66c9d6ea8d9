/**
 * Pitfall 10. A transaction larger than memory kills an engine that collects it first, and one that writes it in
 * several transactions shows half of it. It is streamed into one open target transaction in bounded memory; protocol 1
 * sends nothing before the commit, so that there is nothing to undo.
 */
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, inject, test } from 'vitest';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { heldBufferBytes } from '../rig/held-memory.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLE = 'CREATE TABLE big (id int PRIMARY KEY, body text)';
const ROWS = 15_000;

let pair: StreamedPair | undefined;
let spare: DatabasePair | undefined;
afterEach(async () => {
  await pair?.drop();
  await spare?.drop();
  pair = undefined;
  spare = undefined;
});

async function startBig(): Promise<StreamedPair> {
  const started = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'big', to: 'big' }],
    options: { settings: { batchBytes: 128 * 1024, reconnectMinMs: 5 } },
  });
  await started.settle();
  return started;
}

/** Watches the target, and this process's memory, until stopped. */
function watch(given: StreamedPair): { stop(): Promise<{ seen: Set<number>; grownBytes: number }> } {
  const seen = new Set<number>();
  const before = heldBufferBytes();
  let most = before;
  let watching = true;
  const looking = (async () => {
    for (let looks = 0; watching; looks++) {
      seen.add((await given.target.query('SELECT count(*)::int AS rows FROM big')).rows[0].rows);
      if (looks % 10 === 0) most = Math.max(most, heldBufferBytes());
      // The stream runs on the same thread.
      await setTimeout(5);
    }
  })();
  return {
    async stop() {
      watching = false;
      await looking;
      return { seen, grownBytes: most - before };
    },
  };
}

test('it is streamed in bounded memory, and is visible completely or not at all', async () => {
  pair = await startBig();
  const { source, target } = pair;
  const watching = watch(pair);
  // 15 MB on the wire, a hundred times the size of a batch.
  await source.query(
    `BEGIN; INSERT INTO big SELECT i, repeat(md5(i::text), 30) FROM generate_series(1, ${ROWS}) i;
     UPDATE big SET body = 'x' WHERE id % 3 = 0; COMMIT`,
  );
  await pair.settle();
  const { seen, grownBytes } = await watching.stop();
  expect([...seen].filter((rows) => rows !== 0 && rows !== ROWS)).toEqual([]);
  expect(grownBytes).toBeLessThan(5_000_000);
  const { rows } = await target.query(`SELECT count(*)::int AS rows FROM big WHERE body = 'x'`);
  expect(rows[0].rows).toBe(Math.floor(ROWS / 3));
});

test('interrupted in the middle, nothing of it remains; then it arrives complete', async () => {
  pair = await startBig();
  const { source, target, replication } = pair;
  const states = new Set<string>();
  replication.subscribe(({ state }) => states.add(state));
  spare = await createDatabasePair(inject('postgresPort'));
  const watching = watch(pair);
  await source.query(`INSERT INTO big SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, ${ROWS}) i`);
  // Its rows are on the target, uncommitted: its writer holds a transaction open and locks on the table.
  await expect
    .poll(
      async () => {
        const { rows } = await spare!.source.query(
          `SELECT pg_terminate_backend(pid) AS cut FROM pg_locks
             WHERE database = (SELECT oid FROM pg_database WHERE datname = $1) AND mode = 'RowExclusiveLock' AND locktype = 'relation'
               AND relation > 16384 AND pid IN (SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'ficus%') LIMIT 1`,
          [new URL(pair!.targetUrl).pathname.slice(1)],
        );
        return rows.length;
      },
      { interval: 2, timeout: 10_000 },
    )
    .toBe(1);
  await expect.poll(() => [...states]).toContain('reconnecting');
  await pair.settle();
  const { seen } = await watching.stop();
  expect([...seen].filter((rows) => rows !== 0 && rows !== ROWS)).toEqual([]);
  expect((await target.query('SELECT count(*)::int AS rows FROM big')).rows[0].rows).toBe(ROWS);
});

test('an uncommitted transaction is not sent, and a rolled-back one never is', async () => {
  pair = await startBig();
  const { source, target, replication } = pair;
  const before = replication.status().rowsApplied;
  await source.query(`BEGIN; INSERT INTO big SELECT i, 'open' FROM generate_series(1, ${ROWS}) i`);
  await source.query('SAVEPOINT half; DELETE FROM big WHERE id > 10; ROLLBACK TO half');
  expect(await replication.waitForPosition(await replication.currentPosition(), 10_000)).toBe(true);
  await source.query('ROLLBACK');
  await source.query(`BEGIN; INSERT INTO big VALUES (1, 'kept'); SAVEPOINT s; INSERT INTO big VALUES (2, 'lost');
    ROLLBACK TO s; INSERT INTO big VALUES (3, 'kept'); COMMIT`);
  await pair.settle();
  expect(replication.status().rowsApplied - before).toBe(2);
  expect((await target.query('SELECT id FROM big ORDER BY id')).rows).toEqual([{ id: 1 }, { id: 3 }]);
});

/**
 * PostgreSQL 18 says that savepoints of such a transaction are rolled back (Stream Abort), though nothing of it was sent
 * before (estuary/connectors#5228).
 */
test('a large transaction that was rolled back while the stream was away does not stop it', async () => {
  pair = await startBig();
  const { source, target, replication } = pair;
  await replication.stop();
  const name = new URL(pair.sourceUrl).pathname.slice(1);
  await source.query(`ALTER DATABASE "${name}" SET logical_decoding_work_mem = '64kB'`);
  await source.query(`BEGIN; SAVEPOINT one; INSERT INTO big VALUES (-1, 'x'); RELEASE one;
    INSERT INTO big SELECT n, repeat('x', 100) FROM generate_series(1, 5000) AS n; ROLLBACK`);
  await source.query(`INSERT INTO big VALUES (1, 'after')`);
  await replication.start();
  await pair.settle();
  expect((await target.query('SELECT * FROM big')).rows).toEqual([{ id: 1, body: 'after' }]);
});
