/**
 * Pitfall 16. A driver that parses values loses what JavaScript cannot represent: microseconds, integers beyond 2^53,
 * digits of a numeric, infinity, the difference between an empty array and none; and `unnest` flattens an array of
 * arrays. Values travel as PostgreSQL's own text, unchanged. test/integration/cdc/types/ covers every type of pg_type;
 * here are those known to cause trouble, by the first copy, by the stream, and through an expression.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const OWN_TYPES = `
  CREATE TYPE mood AS ENUM ('glad', 'so "so"', 'sad');
  CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
  CREATE TYPE point3 AS (x float8, label text);`;

/** Column type → values as literals; some known engine changes each of them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  timestamptz: ["'2026-01-02 03:04:05.678901+00'", "'infinity'", "'0044-03-15 12:00:00+00 BC'"],
  date: ["'-infinity'", "'5874897-12-31'", "'0001-01-01'"],
  bigint: ['9007199254740993', '-9223372036854775808', '9223372036854775807'],
  numeric: ["'NaN'", '0.1000', '123456789012345678901234567890.000000000000000000000000000001'],
  float8: ["'-0'", "'NaN'", '5e-324'],
  interval: ["'1 mon -1 day +00:00:00.000001'", "'-178000000 years'", "'0'"],
  bytea: ["'\\x00ff5c2722'", "'\\x'", "'\\x7b2c7d'"],
  text: ["''", "E'tab\\tline\\nback\\\\slash \\\\N'", "'NULL'"],
  jsonb: [`'{"n": 12345678901234567890.10}'`, "'null'", `'"\\\\u0041"'`],
  json: [`'{"b" : 1,  "b":[1.0]}'`, "'null'", "' 1e400 '"],
  'int[]': ["'{}'", "'{{1,NULL},{3,4}}'", "'[2:3]={7,8}'"],
  'text[]': [`'{"a,b","c\\"d",NULL,"NULL",""}'`, "'{{a},{b}}'", "'{}'"],
  int8range: ["'[1,9007199254740993)'", "'empty'", "'(,)'"],
  datemultirange: ["'{[2026-01-01,2026-02-01),[2026-03-01,infinity)}'", "'{}'", "'{(,)}'"],
  'bit varying': ["B'0101'", "B''", "B'1'"],
  inet: ["'::ffff:1.2.3.4/128'", "'10.0.0.0/8'", "'::1'"],
  'char(4)': ["'a'", "''", "'ä  x'"],
  mood: ['\'so "so"\'', "'glad'", "'sad'"],
  'mood[]': [`'{glad,"so \\"so\\""}'`, "'{}'", "'{{sad}}'"],
  percent: ['99.90', '0', '100'],
  point3: [`'(1e-300,"a,b")'`, "'(,)'", `'(NaN,"")'`],
};

const names = Object.keys(VALUES).map((_, place) => `c${place}`);
const columns = Object.keys(VALUES).map((type, place) => `c${place} ${type}`);
const TABLE = `${OWN_TYPES} CREATE TABLE sample (id int PRIMARY KEY, ${columns.join(', ')})`;
const rowOf = (id: number) =>
  `(${[id, ...Object.values(VALUES).map((values) => values[id % values.length])].join(', ')})`;

async function textsOf(given: StreamedPair, side: 'source' | 'target'): Promise<unknown[]> {
  const list = ['id', ...names].map((name) => `${name}::text`).join(', ');
  return (await given[side].query(`SELECT ${list} FROM sample ORDER BY id`)).rows;
}

test.each([
  ['as they are', undefined],
  // One column with an expression takes the copy off its fast path: rows go through parameters.
  ['beside an expression', { sql: `c7 || ''`, from: ['c7'] }],
])('values %s are the same text on the target, copied and streamed', async (_, expression) => {
  const carried = Object.fromEntries(['id', ...names].map((name) => [name, name]));
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO sample VALUES ${rowOf(0)}, ${rowOf(1)}, ${rowOf(2)}; INSERT INTO sample (id) VALUES (3)`,
    targetSql: TABLE,
    tables: [
      { from: 'sample', to: 'sample', ...(expression && { columns: { ...carried, c7: expression } }) },
    ],
  });
  const { source } = pair;
  await pair.settle();
  const copied = await textsOf(pair, 'target');
  expect(copied).toEqual(await textsOf(pair, 'source'));
  expect(copied).toHaveLength(4);
  await source.query(`INSERT INTO sample VALUES ${rowOf(30)}, ${rowOf(31)}, ${rowOf(32)}`);
  // Each row gets the next one's values, by UPDATE; one becomes all null.
  const assign = names.map((name) => `${name} = other.${name}`).join(', ');
  await source.query(
    `UPDATE sample SET ${assign} FROM sample AS other WHERE other.id = sample.id + 1 AND sample.id < 3`,
  );
  await pair.settle();
  expect(await textsOf(pair, 'target')).toEqual(await textsOf(pair, 'source'));
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 7 } });
});
