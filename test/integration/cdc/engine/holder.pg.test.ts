/**
 * A process writes through several connections, and only one of them holds the stream's lock. When that one is lost and
 * another process has become the holder, pending work of the others must not be committed: a late chunk of the first
 * copy would bring back rows which the successor's stream has deleted.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';
import { type HeldTransaction, holdTransaction } from './held-transaction.ts';

let pair: StreamedPair | undefined;
let late: HeldTransaction | undefined;
afterEach(async () => {
  await late?.end();
  await pair?.drop();
  pair = undefined;
  late = undefined;
});

/** A stopped stream, and what its last process would send to write a chunk. */
async function stopped(): Promise<{ pair: StreamedPair; bookkeeping: string }> {
  const table = 'CREATE TABLE item (id int PRIMARY KEY)';
  const started = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item VALUES (1)`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { heartbeatMs: 60_000 } },
  });
  await started.settle();
  await started.replication.stop();
  const { rows } = await started.target.query(
    `SELECT format('SELECT ficus.advance_checkpoint(%L, %s, %L, %L, %L)', stream, epoch, holder, lsn, lsn) AS text FROM ficus.checkpoint`,
  );
  return { pair: started, bookkeeping: rows[0].text as string };
}

test('a chunk that arrives after the takeover is refused', async () => {
  const given = await stopped();
  pair = given.pair;
  await pair.target.query(given.bookkeeping);
  await pair.replication.start();
  await expect(pair.target.query(given.bookkeeping)).rejects.toMatchObject({ code: 'FC001' });
});

test('the successor waits for a chunk that is being committed', async () => {
  const given = await stopped();
  pair = given.pair;
  late = await holdTransaction(pair.targetUrl, 'INSERT INTO item VALUES (2)', given.bookkeeping);
  const started = pair.replication.start();
  const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%holder%'`;
  const { target, replication } = pair;
  await expect.poll(async () => (await target.query(waits)).rowCount).toBe(1);
  expect(replication.status().state).toBe('starting');
  await late.commit();
  await started;
  await expect.poll(() => replication.status().state).toBe('streaming');
});
