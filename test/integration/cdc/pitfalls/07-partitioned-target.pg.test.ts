/**
 * Pitfall 7. A row that changes its key and does not send all of its values is moved on the target itself, found by its
 * ctid. In a partitioned table each partition has its own ctids: the row is identified by its partition as well.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

test('of two rows with the same ctid in two partitions, the right one moves', async () => {
  const table = `CREATE TABLE item (id int PRIMARY KEY, body text)`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; ALTER TABLE item ALTER body SET STORAGE EXTERNAL;
      INSERT INTO item VALUES (1, repeat('one', 3000)), (101, repeat('two', 3000))`,
    targetSql: `${table} PARTITION BY RANGE (id);
      CREATE TABLE low PARTITION OF item FOR VALUES FROM (0) TO (100); CREATE TABLE high PARTITION OF item DEFAULT`,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { retryMs: 50 } },
  });
  await pair.settle();
  await pair.source.query('UPDATE item SET id = 2 WHERE id = 1');
  await pair.settle();
  await pair.source.query('UPDATE item SET id = 3 WHERE id = 101');
  await pair.settle();
  const { rows } = await pair.target.query(
    'SELECT tableoid::regclass::text AS part, id FROM item ORDER BY id',
  );
  expect(rows).toEqual([
    { part: 'low', id: 2 },
    { part: 'low', id: 3 },
  ]);
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});
