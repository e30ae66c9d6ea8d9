/**
 * Pitfall 22. While the target is stalled the source keeps sending, and an engine that queues what it cannot write runs
 * out of memory; one that simply stops reading is disconnected by the source for not replying. Reading pauses by bytes,
 * and the keepalive timer continues beside it.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { heldBufferBytes } from '../rig/held-memory.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
let blocker: pg.Client | undefined;
afterEach(async () => {
  // First: stopping a stream waits for its current write.
  await blocker?.end();
  await pair?.drop();
  blocker = undefined;
  pair = undefined;
});

const TABLE = 'CREATE TABLE event (id bigserial PRIMARY KEY, body text)';
const BATCH_BYTES = 256 * 1024;
const ROWS = 15_000;

test('memory stays bounded, and the connection survives the pause', async () => {
  pair = await startStreamedPair(inject('holdingPort'), {
    sourcePort: inject('postgresPort'),
    sourceSql: `${TABLE}; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET wal_sender_timeout = ''3s''', current_database()); END $$`,
    targetSql: TABLE,
    tables: [{ from: 'event', to: 'event' }],
    options: { settings: { batchBytes: BATCH_BYTES } },
  });
  const { source, target, replication } = pair;
  await pair.settle();
  const walsender = async () => {
    const { rows } = await source.query(
      `SELECT pid, reply_time, pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn)::float8 AS unsent FROM pg_stat_replication
         WHERE pid = (SELECT active_pid FROM pg_replication_slots WHERE database = current_database())`,
    );
    return rows[0] as { pid: number; reply_time: Date; unsent: number };
  };
  const first = await walsender();
  blocker = new pg.Client({ connectionString: pair.targetUrl });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE');
  const before = heldBufferBytes();
  // 15 MB in separate transactions: none of them is too large for a batch.
  await source.query(`DO $$ BEGIN FOR n IN 1..30 LOOP
    INSERT INTO event (body) SELECT repeat(md5(random()::text), 30) FROM generate_series(1, ${ROWS / 30}); COMMIT; END LOOP; END $$`);
  // Waits twice the source's timeout, measured by its replies; most data waits on the source's side of the socket.
  await expect
    .poll(async () => (await walsender()).reply_time.getTime() - first.reply_time.getTime())
    .toBeGreaterThan(6_000);
  expect(heldBufferBytes() - before).toBeLessThan(16 * BATCH_BYTES);
  const blocked = await walsender();
  expect(blocked.pid).toBe(first.pid);
  expect(blocked.unsent).toBeGreaterThan(4_000_000);
  await blocker.query('COMMIT');
  await blocker.end();
  await pair.settle();
  expect((await walsender()).pid).toBe(first.pid);
  expect((await target.query('SELECT count(*)::int AS rows FROM event')).rows[0].rows).toBe(ROWS);
  expect(replication.status().state).toBe('streaming');
});
