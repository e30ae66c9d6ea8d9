/**
 * Pitfall 2. The source discards what is acknowledged: an engine that acknowledges what it merely received loses
 * whatever was in its memory when it died. Only the end of a transaction that is durable on the target is acknowledged,
 * even when keepalives request a reply.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE event (id bigserial PRIMARY KEY, body text)';

async function blockedTarget(given: StreamedPair): Promise<pg.Client> {
  const blocker = new pg.Client({ connectionString: given.targetUrl });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE');
  return blocker;
}

test('a received change that is not on the target is not acknowledged', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'event', to: 'event' }],
    options: { settings: { acknowledgeMs: 0, heartbeatMs: 50 } },
  });
  const { source, target, replication } = pair;
  await pair.settle();
  const blocker = await blockedTarget(pair);
  await source.query(`INSERT INTO event (body) SELECT 'x' FROM generate_series(1, 50)`);
  const position = await replication.currentPosition();
  await expect.poll(() => replication.status().lagTransactions).toBeGreaterThan(2);
  const behind = async () => {
    const { rows } = await source.query(
      `SELECT confirmed_flush_lsn >= $1::pg_lsn AS acknowledged FROM pg_replication_slots WHERE database = current_database()`,
      [position],
    );
    return rows[0].acknowledged as boolean;
  };
  expect(await behind()).toBe(false);
  await blocker.query('COMMIT');
  await blocker.end();
  await pair.settle();
  await expect.poll(behind).toBe(true);
  // And never more than the checkpoint.
  const slot = await source.query(
    `SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE database = current_database()`,
  );
  const ahead = await target.query('SELECT lsn >= $1::pg_lsn AS covered FROM ficus.checkpoint', [
    slot.rows[0].lsn,
  ]);
  expect(ahead.rows[0].covered).toBe(true);
});
