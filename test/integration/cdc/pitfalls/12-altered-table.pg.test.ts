/**
 * Pitfall 12. DDL is not in the stream: an engine that continues with the known columns drops a new one's values
 * silently, or fails on each row for no clear reason. The engine notices the table's changed description and names the
 * SQL that fixes it; the stream continues from the same transaction once the target has the column.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, name text)';
const settings = { retryMs: 50 };

test('a new source column stops the stream until the target has it; then nothing is missing', async () => {
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

test('changes from before a column was added are still applied after a restart', async () => {
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

test('a column added, dropped and added again has its values each time', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: `${TABLE}; ALTER TABLE item ADD COLUMN price int`,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings },
  });
  const { source, target } = pair;
  await pair.settle();
  await source.query('ALTER TABLE item ADD COLUMN price int');
  await source.query(`INSERT INTO item VALUES (1, 'first', 1)`);
  await pair.settle();
  await source.query('ALTER TABLE item DROP COLUMN price');
  await source.query(`INSERT INTO item VALUES (2, 'without')`);
  await pair.settle();
  await target.query('ALTER TABLE item DROP COLUMN price; ALTER TABLE item ADD COLUMN price int');
  await source.query('ALTER TABLE item ADD COLUMN price int');
  await source.query(`INSERT INTO item VALUES (3, 'again', 3)`);
  await pair.settle();
  expect((await target.query('SELECT price FROM item ORDER BY id')).rows).toEqual([
    { price: null },
    { price: null },
    { price: 3 },
  ]);
});

test('a column dropped only from the source, and added again, is a different one', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; ALTER TABLE item ADD COLUMN price int; INSERT INTO item VALUES (1, 'old', 1)`,
    targetSql: `${TABLE}; ALTER TABLE item ADD COLUMN price int`,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings },
  });
  const { source, replication } = pair;
  await pair.settle();
  await source.query('ALTER TABLE item DROP COLUMN price');
  await source.query(`INSERT INTO item VALUES (2, 'without')`);
  await pair.settle();
  await source.query('ALTER TABLE item ADD COLUMN price int');
  await source.query(`INSERT INTO item VALUES (3, 'again', 3)`);
  await expect.poll(() => replication.status().problem?.message).toContain('it is a different column now');
});

test('a column that changes its type is named: the rewritten rows are not in the stream', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO item VALUES (1, '5')`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings },
  });
  await pair.settle();
  await pair.source.query('ALTER TABLE item ALTER name TYPE int USING name::int + 1');
  await pair.source.query('INSERT INTO item VALUES (2, 7)');
  await expect
    .poll(() => pair?.replication.status().problem?.message)
    .toContain('changed its type from text to integer');
});

describe('existing rows are changed by the ALTER itself', () => {
  const cases = [
    {
      name: 'a column with a default, which the target lacks',
      sql: 'ALTER TABLE item ADD COLUMN n int NOT NULL DEFAULT 7',
      says: 'ADD COLUMN "n" integer DEFAULT 7;',
    },
    {
      name: 'a column with a default that the target’s column lacks',
      targetSql: 'ALTER TABLE item ADD COLUMN n int',
      sql: 'ALTER TABLE item ADD COLUMN n int DEFAULT 7',
      says: 'SET "n" = 7;',
    },
    {
      name: 'a column without a default that the target’s column has',
      targetSql: 'ALTER TABLE item ADD COLUMN n int DEFAULT 7',
      sql: 'ALTER TABLE item ADD COLUMN n int',
      says: 'SET "n" = NULL;',
    },
    {
      name: 'a nullable column that the target fills and declares NOT NULL',
      targetSql: 'ALTER TABLE item ADD COLUMN n int NOT NULL DEFAULT 7',
      sql: 'ALTER TABLE item ADD COLUMN n int',
      says: 'SET "n" = NULL;',
    },
    {
      name: 'a default with a different value for each row',
      targetSql: 'ALTER TABLE item ADD COLUMN u uuid',
      sql: 'ALTER TABLE item ADD COLUMN u uuid DEFAULT gen_random_uuid()',
      says: 'a default that is not constant',
    },
    {
      name: 'a default with a different value for each row, of a column that the target lacks',
      sql: 'ALTER TABLE item ADD COLUMN u uuid DEFAULT gen_random_uuid()',
      says: 'name it under “omit” in the mapping, or add it to the target, then copy again',
    },
    {
      name: 'a default that is gone again, as Django leaves it',
      sql: `ALTER TABLE item ADD COLUMN kind varchar(9) NOT NULL DEFAULT 'it''s'; ALTER TABLE item ALTER kind DROP DEFAULT`,
      says: `ADD COLUMN "kind" character varying(9) DEFAULT 'it''s'`,
      row: `(id, kind) VALUES (2, 'own')`,
    },
    {
      name: 'a default that is gone again, of a column that the target has',
      targetSql: 'ALTER TABLE item ADD COLUMN n numeric(8,2)',
      sql: 'ALTER TABLE item ADD COLUMN n numeric(8,2) NOT NULL DEFAULT 1.5; ALTER TABLE item ALTER n DROP DEFAULT',
      says: `SET "n" = '1.50'`,
      row: '(id, n) VALUES (2, 3)',
    },
    {
      name: 'a default that is another one by now',
      sql: 'ALTER TABLE item ADD COLUMN n int DEFAULT 7; ALTER TABLE item ALTER n SET DEFAULT 8',
      says: `ADD COLUMN "n" integer DEFAULT '7'`,
    },
    {
      name: 'the time of the ALTER',
      sql: 'ALTER TABLE item ADD COLUMN at timestamptz NOT NULL DEFAULT now()',
      says: 'ADD COLUMN "at" timestamp with time zone DEFAULT \'20',
    },
    {
      name: 'the time of the ALTER, of a column that the target has',
      targetSql: 'ALTER TABLE item ADD COLUMN at timestamptz NOT NULL DEFAULT now()',
      sql: 'ALTER TABLE item ADD COLUMN at timestamptz NOT NULL DEFAULT now()',
      says: 'SET "at" = \'20',
    },
    {
      name: 'a column dropped and added again',
      sql: 'ALTER TABLE item DROP COLUMN name; ALTER TABLE item ADD COLUMN name text',
      says: 'it is a different column now',
    },
    {
      name: 'two columns that exchange their names',
      sql: 'ALTER TABLE item RENAME name TO x; ALTER TABLE item RENAME other TO name; ALTER TABLE item RENAME x TO other',
      says: 'it is a different column now',
    },
    {
      name: 'digits cut off',
      sql: 'ALTER TABLE item ALTER price TYPE numeric(8,1)',
      says: 'changed its type from numeric(8,2) to numeric(8,1)',
    },
    {
      name: 'the table renamed',
      sql: 'ALTER TABLE item RENAME TO thing',
      says: 'it was renamed',
      to: 'thing',
    },
  ];

  test.each(cases)('$name', async ({ targetSql = '', sql, says, to = 'item', row = '(id) VALUES (2)' }) => {
    const table = `CREATE TABLE item (id int PRIMARY KEY, name text, other text, price numeric(8,2))`;
    pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: `${table}; INSERT INTO item VALUES (1, 'a', 'b', 1.25)`,
      targetSql: table,
      tables: [{ from: 'item', to: 'item' }],
      options: { settings },
    });
    const { source, target, replication } = pair;
    await pair.settle();
    await target.query(targetSql);
    await source.query(`${sql}; INSERT INTO ${to} ${row}`);
    await expect.poll(() => replication.status().problem?.message).toContain(says);
    expect(replication.status().problem?.code).toBe('FICUS_CDC_SCHEMA_CHANGED');
    const fix = /((?:UPDATE|ALTER TABLE) .*;)/.exec(replication.status().problem?.message ?? '')?.[1];
    if (fix === undefined) return;
    await target.query(fix);
    await pair.settle();
    expect(await pair.verify()).toMatchObject({ verdict: 'match' });
  });
});

/** Columns that the service's table was made with, as an expanding migration does: its rows have had the default since the copy. */
describe('a column that the target has had since before the copy', () => {
  const begin = async (column: string, sql: string) => {
    const table = (more = '') => `CREATE TABLE item (id int PRIMARY KEY${more})`;
    pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: `${table()}; INSERT INTO item VALUES (1)`,
      targetSql: table(`, ${column}`),
      tables: [{ from: 'item', to: 'item' }],
      options: { settings },
    });
    await pair.settle();
    await pair.source.query(`ALTER TABLE item ADD COLUMN ${sql}; INSERT INTO item VALUES (2)`);
    return pair;
  };

  test.each([
    'v boolean NOT NULL DEFAULT false',
    'v numeric(8,2) NOT NULL DEFAULT 0',
    `v char(5) DEFAULT 'a'`,
    `v timestamptz DEFAULT '2026-01-01 10:00+02'`,
    `v jsonb NOT NULL DEFAULT '{"b": [], "a": 1.0}'`,
    `v interval DEFAULT '90 minutes'`,
    `v text[] DEFAULT ARRAY['a', 'b c']`,
    `v float8 DEFAULT 1e3`,
    `v bytea DEFAULT 'a'`,
    'v int DEFAULT -1',
  ])('%s on both sides: nothing stops', async (column) => {
    const { settle, verify } = await begin(column, column);
    await settle();
    expect(await verify()).toMatchObject({ verdict: 'match' });
  });

  test.each([
    'boolean NOT NULL DEFAULT true',
    'numeric(8,2) NOT NULL DEFAULT 1.5',
    `char(5) DEFAULT 'b'`,
    'timestamptz NOT NULL DEFAULT now()',
  ])('%s on the source, another default on the target: what is printed lets it continue', async (type) => {
    const { target, settle, verify, replication } = await begin(`v ${type.split(' ')[0]}`, `v ${type}`);
    await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_SCHEMA_CHANGED');
    await target.query(/(UPDATE .*;)/.exec(replication.status().problem?.message ?? '')![1]!);
    await settle();
    expect(await verify()).toMatchObject({ verdict: 'match' });
  });
});
