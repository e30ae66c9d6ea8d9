/** The preflight and rows that are in the target before its first copy. */
import { afterEach, expect, inject, test } from 'vitest';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const begin = async (target: string) => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY, place int)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT i, i FROM generate_series(1, 10) i`,
    targetSql: `${table}; ${target}`,
    tables: [{ from: 'item', to: 'item' }],
  });
  return pair;
};

test('rows that stand in the target before its first copy are counted, and those that were copied are not', async () => {
  const { sourceUrl, targetUrl, target, settle } = await begin(
    'CREATE TABLE other (id int PRIMARY KEY, place int); INSERT INTO other VALUES (1, 1), (2, 2)',
  );
  await settle();
  const find = async (to: string) =>
    (
      await preflightSlice({
        slice: 'facts',
        tables: parseConfigTables([{ from: 'item', to }]),
        sourceUrl,
        targetUrl,
      })
    ).filter(({ code }) => code === 'FICUS_CDC_TARGET_NOT_EMPTY');
  expect(await find('other')).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('“public.other” has 2 rows before') },
  ]);
  expect(await find('item')).toEqual([]);
  await target.query('TRUNCATE other');
  expect(await find('other')).toEqual([]);
});
