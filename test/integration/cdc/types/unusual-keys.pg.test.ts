/** Keys of types that PostgreSQL compares with no plain literal: the copy reads on behind the last row, by the key's index. */
import { afterEach, expect, inject, test } from 'vitest';
import { chunkQuery, makeCopyTask } from '../../../../cdc/copy/copy-task.ts';
import { compileSlice } from '../../../../cdc/mapping/compile-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TYPES = `CREATE SCHEMA kinds; CREATE TYPE kinds.spot AS (x int, label text);
  CREATE TYPE kinds.mood AS ENUM ('sad', 'glad'); CREATE DOMAIN kinds.state AS kinds.mood;
  CREATE DOMAIN kinds.code AS varchar(9); CREATE DOMAIN kinds.place AS kinds.spot;`;

test.each([
  ['kinds.spot', `CAST(ROW(i, 'a,"b' || i) AS kinds.spot)`],
  ['kinds.place', `CAST(CAST(ROW(i, 'l' || i) AS kinds.spot) AS kinds.place)`],
  ['regtype', `(ARRAY['int4', 'text', 'timestamptz']::regtype[])[i % 3 + 1]`],
  ['regclass', `(ARRAY['pg_class', 'pg_type']::regclass[])[i % 2 + 1]`],
  ['kinds.state', `(ARRAY['sad', 'glad']::kinds.state[])[i % 2 + 1]`],
  ['kinds.code', `'c' || i`],
  ['int4range', 'int4range(i, i + 9)'],
  ['char(9)', `'c' || i`],
  ['int[]', 'ARRAY[i, i]'],
  ['"char"', `chr(65 + i % 20)`],
  ['numeric(9,2)', 'i'],
  ['timestamptz(0)', `timestamptz '2026-01-01' + i * interval '1 day'`],
])('%s', async (type, value) => {
  const table = `${TYPES} CREATE TABLE item (id ${type}, i int, n int, PRIMARY KEY (id, i))`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT ${value}, i, 0 FROM generate_series(1, 40) i; ANALYZE item`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { copyChunkRows: 7 } },
  });
  await pair.settle();
  await pair.source.query('UPDATE item SET n = n + 1 WHERE i < 30; DELETE FROM item WHERE i > 35');
  await pair.settle();
  expect(await pair.verify()).toMatchObject({
    verdict: 'match',
    rowsCompared: { source: 35, target: 35 },
    differences: [],
  });
  const { source, target } = pair;
  const tables = parseConfigTables([{ from: 'item', to: 'item' }]);
  const { plans } = await compileSlice({ slice: 'facts', tables }, source, target);
  const task = makeCopyTask(plans[0]!);
  if (task.kind !== 'chunked') throw new Error('copied whole');
  const { rows: last } = await source.query('SELECT id::text, i::text FROM item ORDER BY id, i LIMIT 1');
  const query = chunkQuery(task, [last[0].id, last[0].i], 7);
  await source.query('ANALYZE item; SET enable_seqscan = off');
  const { rows } = await source.query(`EXPLAIN ${/COPY \((.*)\) TO STDOUT/.exec(query)?.[1]}`);
  const steps = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(steps).toContain('Index Cond: (ROW(');
  expect(steps).not.toContain('Sort');
});
