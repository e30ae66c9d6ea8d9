/** Only the rows changed since the last full comparison are compared, without a list kept by the user. */
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLES = [
  { from: 'item', to: 'item', columns: { id: { sql: 'id + 1000', from: ['id'] }, v: 'v' } },
  { from: 'quiet', to: 'quiet' },
  { from: 'line', to: 'line' },
];

async function start(): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (id int PRIMARY KEY, v text); CREATE TABLE quiet (id int PRIMARY KEY);
      CREATE TABLE line (a int); ALTER TABLE line REPLICA IDENTITY FULL;
      INSERT INTO item SELECT i, 'v' FROM generate_series(1, 3000) i; INSERT INTO quiet SELECT generate_series(1, 50);
      INSERT INTO line SELECT i % 4 FROM generate_series(1, 40) i`,
    targetSql: `CREATE TABLE item (id numeric(8,1) PRIMARY KEY, v text); CREATE TABLE quiet (id int PRIMARY KEY); CREATE TABLE line (a int)`,
    tables: TABLES,
  });
  await pair.settle();
  return pair;
}

test('only changed rows are compared, including deleted, moved and keyless ones', async () => {
  const { source, target, verify, replication } = await start();
  expect(await verify('changed')).toMatchObject({
    verdict: 'inconclusive',
    reason: expect.stringContaining('are unknown'),
    nothingChanged: false,
    changesUnknown: true,
  });
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 3090 } });
  expect(await verify('changed')).toMatchObject({
    verdict: 'inconclusive',
    reason: expect.stringContaining('No row has changed'),
    nothingChanged: true,
    changesUnknown: false,
  });
  await source.query(`UPDATE item SET v = 'new' WHERE id <= 20; DELETE FROM item WHERE id = 21; INSERT INTO item VALUES (5000, 'in');
    UPDATE item SET id = 6000 WHERE id = 22; INSERT INTO line VALUES (7)`);
  expect(await verify('changed')).toMatchObject({
    verdict: 'match',
    mode: 'changed',
    // 20 changed, one deleted, one new, one moved from and to; the table without a key completely.
    tables: [{ rowsSource: 24 }, { rowsSource: 0 }, { rowsSource: 41 }],
  });
  // One wrong row among the changed ones, a deleted one that is back, one wrong among the unchanged ones.
  await replication.waitForPosition(await replication.currentPosition(), 10_000);
  await target.query(`UPDATE item SET v = 'wrong' WHERE id IN (1005, 2000); INSERT INTO item VALUES (1021, 'back');
    DELETE FROM item WHERE id = 7000; DELETE FROM quiet WHERE id = 5; INSERT INTO line VALUES (NULL)`);
  const found = async (mode: 'changed' | 'full') =>
    (await verify(mode)).differences.map(({ kind, key }) => [kind, ...Object.values(key)]);
  const wrong = [
    ['different', '1005.0'],
    ['extra', '1021.0'],
    ['missing', '7000.0'],
    ['extra', null],
  ];
  expect(await found('changed')).toEqual(expect.arrayContaining(wrong));
  expect(await found('changed')).toHaveLength(4);
  expect(await found('full')).toHaveLength(6);
});

test('recent: only what changed since the last comparison that found its rows equal', async () => {
  const { source, target, verify } = await start();
  expect(await verify('recent')).toMatchObject({ verdict: 'inconclusive', changesUnknown: true });
  await verify();
  await source.query(`UPDATE item SET v = 'new' WHERE id <= 20`);
  expect(await verify('recent')).toMatchObject({
    verdict: 'match',
    mode: 'recent',
    rowsCompared: { source: 20 },
  });
  await source.query(`UPDATE item SET v = 'newer' WHERE id IN (1, 2, 30)`);
  await pair!.settle();
  await target.query(`UPDATE item SET v = 'wrong' WHERE id IN (1002, 1015)`);
  // The other wrong row has not changed since it was found equal.
  for (let again = 1; again <= 2; again++)
    expect(await verify('recent')).toMatchObject({ verdict: 'mismatch', rowsCompared: { source: 3 } });
  expect((await verify('changed')).differences.map(({ key }) => key.id)).toEqual(['1002.0', '1015.0']);
  await source.query(`UPDATE item SET v = 'right' WHERE id IN (2, 15)`);
  expect(await verify('recent')).toMatchObject({ verdict: 'match', rowsCompared: { source: 4 } });
  expect(await verify('recent')).toMatchObject({ nothingChanged: true });
});

test('after a TRUNCATE the whole table is compared; after another process has applied, nothing is known', async () => {
  const { source, target, verify, replication, sourceUrl, targetUrl } = await start();
  await verify();
  await source.query('TRUNCATE quiet; INSERT INTO quiet VALUES (1), (2)');
  expect((await verify('changed')).tables[1]).toMatchObject({ rowsSource: 2, equal: 2 });
  await replication.stop();
  const other = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables(TABLES),
    sourceUrl,
    targetUrl,
  });
  await other.start();
  await source.query('INSERT INTO quiet VALUES (3)');
  expect(await other.waitForPosition(await other.currentPosition(), 10_000)).toBe(true);
  await other.stop();
  await replication.start();
  await expect.poll(() => replication.status().state).toBe('streaming');
  expect(await verify('changed')).toMatchObject({ verdict: 'inconclusive' });
  expect((await target.query('SELECT FROM quiet')).rowCount).toBe(3);
});

test('a row that keeps a large part of its key and gets another of the rest', async () => {
  const table = `CREATE TABLE page (book int, name text, v int, w text, PRIMARY KEY (book, name));
    ALTER TABLE page ALTER name SET STORAGE EXTERNAL;`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table} INSERT INTO page SELECT i, repeat('n', 2400), 0 FROM generate_series(1, 9) i`,
    targetSql: table,
    tables: [{ from: 'page', to: 'page' }],
  });
  const { source, target, settle, verify } = pair;
  await settle();
  await verify();
  await source.query('UPDATE page SET book = 70 WHERE book = 7; UPDATE page SET v = 1 WHERE book = 8');
  await settle();
  expect(await verify('changed')).toMatchObject({ verdict: 'match', tables: [{ rowsSource: 3 }] });
  await target.query('UPDATE page SET v = 9 WHERE book IN (8, 70)');
  const { differences } = await verify('changed');
  expect(differences.map(({ key }) => key.book).sort()).toEqual(['70', '8']);
});
