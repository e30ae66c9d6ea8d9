/**
 * Fact 12. DDL is not in the stream: an engine that goes on with the columns it knew drops a new one's values without a
 * word, or fails on each row for reasons that nobody understands. It is noticed from the changed description of the table,
 * named with the SQL that mends it, and the stream goes on from the same transaction once the target has it.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../cdc-mapping/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, name text)';
const settings = { retryMs: 50 };

test('a column added to the source stops the stream until the target has it; then nothing is missing', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO item VALUES (1, 'old')`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings },
  });
  const { source, target, replication } = pair;
  await pair.settle();
  await source.query(`INSERT INTO item VALUES (2, 'before')`);
  await source.query(`ALTER TABLE item ADD COLUMN price numeric(8,2)`);
  await source.query(`INSERT INTO item VALUES (3, 'after', 1.50)`);
  await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_SCHEMA_CHANGED');
  const sql = /ALTER TABLE .*;/.exec(replication.status().problem?.message ?? '')?.[0];
  await target.query(sql ?? '');
  await pair.settle();
  expect((await target.query('SELECT * FROM item ORDER BY id')).rows).toEqual([
    { id: 1, name: 'old', price: null },
    { id: 2, name: 'before', price: null },
    { id: 3, name: 'after', price: '1.50' },
  ]);
});

test('changes from before a column was added still go through after a restart', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings },
  });
  const { source, target, replication } = pair;
  await pair.settle();
  await replication.stop();
  await source.query(`INSERT INTO item VALUES (1, 'before')`);
  await source.query(`ALTER TABLE item ADD COLUMN price int`);
  await source.query(`INSERT INTO item VALUES (2, 'after', 5)`);
  await target.query(`ALTER TABLE item ADD COLUMN price int`);
  await replication.start();
  await pair.settle();
  expect((await target.query('SELECT price FROM item ORDER BY id')).rows).toEqual([
    { price: null },
    { price: 5 },
  ]);
});

test('a column that changes its type is named: rows rewritten by that are not in the stream', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO item VALUES (1, '5')`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings },
  });
  await pair.settle();
  await pair.source.query('ALTER TABLE item ALTER name TYPE int USING name::int + 1');
  await pair.source.query('INSERT INTO item VALUES (2, 7)');
  await expect.poll(() => pair?.replication.status().problem?.message).toContain('was text and is integer');
});
