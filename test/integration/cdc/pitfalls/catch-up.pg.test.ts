/** A backlog is fetched with SQL in large pieces before the stream begins; the result is the same. */
import { afterEach, expect, inject, test, vi } from 'vitest';
import { ReplicationConnection } from '../../../../cdc/source/replication-connection.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TABLE item (id int PRIMARY KEY, version int, body text); ALTER TABLE item ALTER body SET STORAGE EXTERNAL`;

test('a backlog is fetched in large pieces, and no slot is left behind', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO item SELECT i, 0, 'x' FROM generate_series(1, 100) i`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { catchUpBytes: 0, retryMs: 50 } },
  });
  const { source, replication } = pair;
  await pair.settle();
  await replication.stop();
  for (let version = 1; version <= 50; version++)
    await source.query('UPDATE item SET version = $1, body = body || id WHERE id % 7 = $1 % 7', [version]);
  await source.query('DELETE FROM item WHERE id > 90');
  await replication.start();
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
  const slots = await source.query(
    'SELECT count(*)::int AS n FROM pg_replication_slots WHERE database = current_database()',
  );
  expect(slots.rows[0].n).toBe(1);
});

test('remains of a session that was cut off block no later one', async () => {
  const { calls } = vi.spyOn(ReplicationConnection.prototype, 'send').mock;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { catchUpBytes: 0, retryMs: 50 } },
  });
  const { source, replication } = pair;
  for (const id of [1, 2]) {
    await pair.settle();
    await replication.stop();
    await source.query('INSERT INTO item VALUES ($1)', [id]);
    await replication.start();
  }
  await pair.settle();
  const cursors = calls.flatMap(
    ([sql]) => /pg_copy_logical_replication_slot\('.+', '(.+)', true\)/.exec(sql)?.[1] ?? [],
  );
  expect(cursors.length).toBeGreaterThan(1);
  expect(new Set(cursors).size).toBe(cursors.length);
});
