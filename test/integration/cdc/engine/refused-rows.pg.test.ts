/** A row that the target refuses during the first copy: table, key and column are named, and a fix lets the copy continue. */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const odd = (value: string, type = 'text') =>
  `CREATE TABLE guest (id int PRIMARY KEY, name text, note ${type});
   INSERT INTO guest SELECT n, 'n' || n, CASE n WHEN 1234 THEN ${value} ELSE '1' END::${type} FROM generate_series(1, 1500) AS n`;
const guest = (note: string) => `CREATE TABLE guest (id int PRIMARY KEY, name text, note ${note})`;
const asInt = { columns: { id: 'id', name: 'name', note: { sql: 'note::int', from: ['note'] } } };
const keyless = (sql: string) =>
  `${sql.replace(' PRIMARY KEY', '')}; ALTER TABLE guest REPLICA IDENTITY FULL`;
const heal = `UPDATE guest SET note = '1' WHERE id = 1234`;

test.each([
  ['too long', odd(`'far too long'`), guest('varchar(5)'), {}, '(id=1234)', 'note'],
  ['too long, mapped', odd(`'far too long'`), guest('varchar(5)'), { rows: 'id > 0' }, '(id=1234)', 'note'],
  ['missing', odd('NULL'), guest('text NOT NULL'), {}, '(id=1234)', 'note'],
  ['no number', odd(`'seven'`), guest('int'), asInt, '(id=1234)', 'note'],
  ['too large a number', odd(`'12345.6'`, 'numeric(6,1)'), guest('numeric(4,1)'), {}, '(id=1234)', 'note'],
  ['against a check', odd(`'bad'`), guest(`text CHECK (note <> 'bad')`), {}, '(id=1234)', undefined],
  ['no text in jsonb', odd(`'"\\u0000"'`, 'json'), guest('jsonb'), {}, '(id=1234)', 'note'],
  [
    'too long, in a table without a key',
    keyless(odd(`'far too long'`)),
    guest('varchar(5)').replace(' PRIMARY KEY', ''),
    {},
    '(a row without a key)',
    'note',
  ],
])('%s', async (_, sourceSql, targetSql, mapping, key, column) => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql,
    targetSql,
    tables: [{ from: 'guest', to: 'guest', ...mapping }],
    options: { settings: { retryMs: 200 } },
  });
  const { replication, source, settle, verify } = pair;
  await expect
    .poll(() => replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: {
        code: 'FICUS_CDC_ROW_REFUSED',
        message: expect.stringContaining(
          `The row of public.guest ${key} cannot be copied to public.guest${column ? `, column “${column}”` : ''}: `,
        ),
      },
    });
  await source.query(heal);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 1500 } });
});

test('progress knows how many rows there are, also where no statistics do', async () => {
  const big = 'CREATE TABLE guest (id int PRIMARY KEY, name text, note text)';
  pair = await startStreamedPair(inject('postgresPort'), {
    // Analyzed while it was empty, and filled afterwards.
    sourceSql: `${big}; ANALYZE guest; ALTER TABLE guest SET (autovacuum_enabled = off);
      INSERT INTO guest SELECT n, 'n' || n, '' FROM generate_series(1, 3000) AS n;
      CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
      INSERT INTO parted SELECT generate_series(1, 2000)`,
    targetSql: `${big}; CREATE TABLE parted (id int PRIMARY KEY)`,
    tables: [
      { from: 'guest', to: 'guest' },
      { from: 'parted', to: 'parted' },
    ],
    options: { settings: { copyRowsPerSecond: 1000, copyChunkRows: 250 } },
  });
  const { replication } = pair;
  await expect.poll(() => replication.status().copy?.rowsCopied).toBeGreaterThan(0);
  const { rowsTotal, done } = replication.status().copy!;
  expect(done).toBe(false);
  expect(rowsTotal).toBe(5000);
});
