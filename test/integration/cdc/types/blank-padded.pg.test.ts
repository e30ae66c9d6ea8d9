/** Blanks at the end of a char(n) are no part of its value, in an array as little as alone; those of a text are. */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const DOMAINS =
  'CREATE DOMAIN one AS char(5); CREATE DOMAIN many AS char(5)[]; CREATE DOMAIN many_texts AS text[];';

test.each([
  ['char(3)', 'char(5)', 'match'],
  ['char(3)', 'one', 'match'],
  ['char(5)', 'varchar(5)', 'match'],
  ['varchar(5)', 'char(3)', 'match'],
  ['text', 'char(5)', 'mismatch'],
  ['text', 'one', 'mismatch'],
] as const)('%s → %s, alone and in an array: %s', async (from, to, verdict) => {
  const value = from === 'text' ? 'a ' : 'a';
  const arrays: Readonly<Record<string, string>> = { one: 'many' };
  const ofMany = (type: string) => arrays[type] ?? `${type}[]`;
  const table = (type: string) =>
    `${DOMAINS} CREATE TABLE t (id int PRIMARY KEY, v ${type}); CREATE TABLE ts (id int PRIMARY KEY, v ${ofMany(type)});`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table(from)} INSERT INTO t VALUES (1, '${value}'); INSERT INTO ts VALUES (1, '{"${value}",NULL,"b"}')`,
    targetSql: table(to),
    tables: [
      { from: 't', to: 't' },
      { from: 'ts', to: 'ts' },
    ],
  });
  await pair.settle();
  await pair.source.query(
    `INSERT INTO t VALUES (2, '${value}'); INSERT INTO ts VALUES (2, '{{"${value}"},{"c"}}')`,
  );
  await pair.settle();
  const { tables } = await pair.verify();
  expect(tables.map(({ equal }) => equal)).toEqual(verdict === 'match' ? [2, 2] : [0, 0]);
});

test('a text of an array that is too long names its column', async () => {
  const table = (type: string) => `CREATE TABLE t (id int PRIMARY KEY, v ${type}[]);`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table('text')} INSERT INTO t VALUES (1, '{abcd}')`,
    targetSql: table('char(3)'),
    tables: [{ from: 't', to: 't', rows: 'id > 0' }],
  });
  const { replication } = pair;
  await expect.poll(() => replication.status().problem?.message).toMatch(/id=1.*“v”/);
});
