/**
 * ficus.yaml is edited after the copy. Rows of before are then not what the mapping says, and no change of theirs is in
 * the stream: it stops at the start and says so. An edit that makes the same of every row does not count.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { makeTestDirectory } from '../../../parts/test-directory.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { released } from '../rig/released.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
let later: Replication | undefined;
afterEach(async () => {
  await later?.stop();
  await pair?.drop();
  pair = undefined;
  later = undefined;
});

const TABLE = 'CREATE TABLE seat (id int PRIMARY KEY, hall text, line int, price int)';
const PLAIN = { from: 'seat', to: 'seat' };
const NAMED = { ...PLAIN, columns: { id: 'id', hall: 'hall', line: { sql: 'line + 1', from: ['line'] } } };
const FILTERED = { ...NAMED, rows: 'line > 1 AND price < 10' };

async function start(table: unknown, baseDir?: string): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; INSERT INTO seat VALUES (1, 'a', 2, 3), (2, 'b', 4, 5)`,
    targetSql: TABLE,
    tables: [table],
    options: { settings: { slotCheckMs: 50, retryMs: 50 }, ...(baseDir && { baseDir }) },
  });
  await pair.settle();
  await pair.replication.stop();
  await released(pair.source);
  return pair;
}

/** Starts the slice's stream again with other tables. */
async function restart(tables: readonly unknown[], baseDir?: string): Promise<Replication> {
  await later?.stop();
  await released(pair!.source);
  const { sourceUrl, targetUrl } = pair!;
  later = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables(tables),
    sourceUrl,
    targetUrl,
    ...(baseDir && { baseDir }),
    settings: { slotCheckMs: 50, retryMs: 50 },
  });
  await later.start();
  return later;
}

const EDITS: Readonly<Record<string, readonly [unknown, unknown, string]>> = {
  'a column is added': [
    NAMED,
    { ...NAMED, columns: { ...NAMED.columns, price: 'price' } },
    'column “price” was not mapped',
  ],
  'a constant is added': [
    NAMED,
    { ...NAMED, columns: { ...NAMED.columns, price: { constant: 7 } } },
    'column “price” was not mapped',
  ],
  'all columns are meant': [NAMED, PLAIN, 'column “line” is computed in another way'],
  'only some columns are meant': [
    PLAIN,
    { ...PLAIN, columns: { id: 'id', line: 'line', price: 'price' } },
    'column “hall” is no longer mapped',
  ],
  'an expression is changed': [
    NAMED,
    { ...NAMED, columns: { ...NAMED.columns, line: { sql: 'line + 2', from: ['line'] } } },
    'column “line” is computed in another way',
  ],
  'another column is taken': [
    PLAIN,
    { ...PLAIN, columns: { id: 'id', hall: 'hall', line: 'price', price: 'price' } },
    'column “line” is computed in another way',
  ],
  'a condition is added': [NAMED, FILTERED, 'the condition “rows” is another one'],
  'the condition is dropped': [FILTERED, NAMED, 'the condition “rows” is another one'],
};

test.each(Object.entries(EDITS))('%s: named, until it is undone', async (_name, [before, after, says]) => {
  const { settle, verify } = await start(before);
  expect((await restart([after])).status()).toMatchObject({
    state: 'stopped',
    problem: {
      code: 'FICUS_CDC_MAPPING_CHANGED',
      message: `The mapping of public.seat was changed after the copy: ${says}.`,
    },
  });
  await later?.stop();
  await released(pair!.source);
  await pair?.replication.start();
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

const SAME: Readonly<Record<string, readonly [unknown, unknown]>> = {
  'another order': [
    NAMED,
    { to: 'seat', columns: { line: NAMED.columns.line, hall: 'hall', id: 'id' }, from: 'seat' },
  ],
  'other blanks, and a comment': [
    FILTERED,
    {
      ...NAMED,
      columns: { ...NAMED.columns, line: { sql: '  line  +\n1 -- from one on', from: ['line'] } },
      rows: 'line > 1\n  AND price < 10 /* cheap */',
    },
  ],
  'all columns by name': [
    PLAIN,
    { ...PLAIN, columns: { id: 'id', hall: 'hall', line: 'line', price: 'price' } },
  ],
  'a way back': [
    NAMED,
    {
      ...NAMED,
      columns: { ...NAMED.columns, line: { sql: 'line + 1', from: ['line'], reverse: { line: 'line - 1' } } },
    },
  ],
  'the schema by name': [PLAIN, { from: 'public.seat', to: 'public.seat' }],
};

test.each(Object.entries(SAME))('%s: the stream continues', async (_name, [before, after]) => {
  await start(before);
  expect((await restart([after])).status()).toMatchObject({ state: 'streaming', problem: undefined });
});

test('a checkpoint of an older version, which stored no mapping, takes the one that it finds first', async () => {
  const { target } = await start(NAMED);
  await target.query('ALTER TABLE ficus.copy_progress DROP COLUMN shape; DROP TABLE ficus.migration');
  expect((await restart([PLAIN])).status()).toMatchObject({ state: 'streaming' });
  expect((await restart([NAMED])).status()).toMatchObject({ problem: { code: 'FICUS_CDC_MAPPING_CHANGED' } });
});

test('before the first row is copied, every edit is welcome', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE.replace('seat', 'room'),
    targetSql: 'CREATE TABLE room (id int PRIMARY KEY, hall text NOT NULL)',
    tables: [{ from: 'room', to: 'room', columns: { id: 'id', hall: { sql: 'hall', from: ['hall'] } } }],
  });
  await pair.replication.stop();
  await released(pair.source);
  await pair.target.query('UPDATE ficus.copy_progress SET done = false, last_key = NULL');
  const edited = [{ from: 'room', to: 'room', columns: { id: 'id', hall: { constant: 'x' } } }];
  await restart(edited);
  await expect.poll(() => later?.status().state).toBe('streaming');
});

test('a table that left the mapping and comes back has to be copied again', async () => {
  const { source } = await start(PLAIN);
  // An administrator's publication: the table's entry stays as it is.
  await source.query('DROP PUBLICATION ficus_facts; CREATE PUBLICATION ficus_facts FOR ALL TABLES');
  await source.query('CREATE TABLE other (id int PRIMARY KEY)');
  await pair!.target.query(`CREATE TABLE other (id int PRIMARY KEY);
    UPDATE ficus.copy_progress SET published_as = NULL, shape = NULL`);
  const both = [PLAIN, { from: 'other', to: 'other' }];
  await restart(both);
  await expect.poll(() => later?.copied()).toBe(true);
  await restart([{ from: 'other', to: 'other' }]);
  expect(later?.status().state).toBe('streaming');
  await source.query(`UPDATE seat SET hall = 'missed'`);
  expect(await later?.waitForPosition(await later.currentPosition(), 10_000)).toBe(true);
  expect((await restart(both)).status()).toMatchObject({ problem: { code: 'FICUS_CDC_PUBLICATION_GAP' } });
});

test('a module that was edited is named; its comments and blank lines are not', async () => {
  const folder = await makeTestDirectory('edited-module');
  const file = join(folder, 'seats.mjs');
  const write = (text: string) => writeFile(file, text);
  const table = { ...PLAIN, module: './seats.mjs' };
  await write('export const forward = (row) => row;\n');
  await start(table, folder);
  await write('/* Seats\n   of halls. */\n\n// as they are\n  export const forward = (row) => row;\n');
  expect((await restart([table], folder)).status()).toMatchObject({ state: 'streaming' });
  await write("export const forward = (row) => ({ ...row, hall: 'x' });\n");
  expect((await restart([table], folder)).status()).toMatchObject({
    problem: { code: 'FICUS_CDC_MAPPING_CHANGED', message: expect.stringContaining('its module') },
  });
});
