/**
 * Pitfall 1. After a disconnect the source resends everything that was not acknowledged, and after its own crash a slot
 * may go back: an engine that keeps its position separately from the rows applies some twice, or misses some. The
 * checkpoint moves in the transaction of the rows, by compare-and-set with the epoch; transactions that end before it
 * are skipped.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

/** A trigger on the target counts how often each row was written: the oracle for "once". */
const LEDGER = `
  CREATE TABLE event (id bigint PRIMARY KEY, body text);
  CREATE TABLE ledger (id bigint, written int);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO ledger VALUES (NEW.id, 1); RETURN NEW; END $$;
  CREATE TRIGGER note AFTER INSERT OR UPDATE ON event FOR EACH ROW EXECUTE FUNCTION note();
  ALTER TABLE event ENABLE ALWAYS TRIGGER note`;

const cutConnections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'ficus%' AND datname = current_database()`;

test('with connections cut again and again, every row is written once', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: 'CREATE TABLE event (id bigint PRIMARY KEY, body text)',
    targetSql: LEDGER,
    tables: [{ from: 'event', to: 'event' }],
    // Nothing is acknowledged: after each cut the source resends everything.
    options: { settings: { acknowledgeMs: 3_600_000, reconnectMinMs: 5, reconnectMaxMs: 20 } },
  });
  await pair.settle();
  for (let round = 0; round < 10; round++) {
    await pair.source.query(
      `INSERT INTO event SELECT $1::int * 100 + i, 'row' FROM generate_series(1, 100) i`,
      [round],
    );
    await (round % 2 ? pair.source : pair.target).query(cutConnections);
  }
  await pair.settle();
  const written = await pair.target.query(
    'SELECT count(*)::int AS writes, count(DISTINCT id)::int AS rows FROM ledger',
  );
  expect(written.rows[0]).toEqual({ writes: 1000, rows: 1000 });
});

test('a process of an older epoch writes nothing', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: 'CREATE TABLE event (id bigint PRIMARY KEY, body text)',
    targetSql: 'CREATE TABLE event (id bigint PRIMARY KEY, body text)',
    tables: [{ from: 'event', to: 'event' }],
  });
  const { source, target, replication } = pair;
  await pair.settle();
  await target.query('UPDATE ficus.checkpoint SET epoch = epoch + 1');
  await source.query(`INSERT INTO event VALUES (1, 'late')`);
  await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_FENCED');
  expect((await target.query('SELECT * FROM event')).rows).toEqual([]);
});
