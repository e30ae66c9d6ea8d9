/**
 * Pitfall 9. TRUNCATE is not a row change: merged with the changes around it, it deletes later rows or spares earlier
 * ones, and repeated table by table it fails on foreign keys or cascades into unmapped tables. It ends a batch, all its
 * tables go into one statement, and that statement never uses CASCADE.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLES = `CREATE TABLE parent (id int PRIMARY KEY);
  CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)`;

test('several tables in one statement, between the changes before and after, in one batch', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLES}; INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1, 1)`,
    targetSql: `${TABLES}; CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (7)`,
    tables: [
      { from: 'parent', to: 'parent' },
      { from: 'child', to: 'child' },
    ],
  });
  const { source, target, replication } = pair;
  await pair.settle();
  await replication.stop();
  await source.query(
    `BEGIN; INSERT INTO parent VALUES (3); TRUNCATE parent, child; INSERT INTO parent VALUES (4); COMMIT`,
  );
  await source.query('INSERT INTO child VALUES (5, 4); INSERT INTO parent VALUES (6)');
  await source.query('BEGIN; TRUNCATE child; INSERT INTO child VALUES (8, 6); COMMIT');
  await replication.start();
  await pair.settle();
  const { rows } = await target.query(
    `SELECT array(SELECT id FROM parent ORDER BY id) AS parent, array(SELECT id FROM child) AS child, array(SELECT id FROM other) AS other`,
  );
  expect(rows[0]).toEqual({ parent: [4, 6], child: [8], other: [7] });
});

test('one table of the source, two of the target; a table beside it is not touched', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE person (id int PRIMARY KEY, name text, phone text); CREATE TABLE unmapped (id int);
      INSERT INTO person VALUES (1, 'one', '1')`,
    targetSql:
      'CREATE TABLE names (id int PRIMARY KEY, name text); CREATE TABLE phones (id int PRIMARY KEY, phone text)',
    tables: [
      { from: 'person', to: 'names' },
      { from: 'person', to: 'phones' },
    ],
  });
  const { source, target } = pair;
  await pair.settle();
  await source.query(`BEGIN; TRUNCATE unmapped, person; INSERT INTO person VALUES (2, 'two', '2'); COMMIT`);
  await pair.settle();
  expect((await target.query('SELECT * FROM names')).rows).toEqual([{ id: 2, name: 'two' }]);
  expect((await target.query('SELECT * FROM phones')).rows).toEqual([{ id: 2, phone: '2' }]);
});

test('CASCADE at the source does not reach an unmapped table of the target: the stream stops and names it', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLES}; INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)`,
    targetSql: `${TABLES}; INSERT INTO parent VALUES (1); INSERT INTO child VALUES (90, 1)`,
    tables: [{ from: 'parent', to: 'parent' }],
    options: { settings: { retryMs: 50 } },
  });
  const { source, target, replication } = pair;
  await pair.settle();
  await source.query('BEGIN; TRUNCATE parent CASCADE; INSERT INTO parent VALUES (2); COMMIT');
  await expect
    .poll(() => replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: { code: 'FICUS_CDC_APPLY_FAILED', message: expect.stringContaining('foreign key') },
    });
  expect((await target.query('SELECT id FROM child')).rows).toEqual([{ id: 90 }]);
  expect((await target.query('SELECT id FROM parent')).rows).toEqual([{ id: 1 }]);
  // Only the administrator can decide what happens to the rows of a table that references this one.
  await target.query('ALTER TABLE child DROP CONSTRAINT child_parent_fkey');
  await pair.settle();
  expect((await target.query('SELECT id FROM parent')).rows).toEqual([{ id: 2 }]);
  expect((await target.query('SELECT id FROM child')).rows).toEqual([{ id: 90 }]);
});
