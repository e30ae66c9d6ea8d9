/** The comparison that stands ready for the hold: only what changed since the last equal one, on sessions that are open. */
import { afterEach, expect, inject, test } from 'vitest';
import { openComparison, type StandingComparison } from '../../../../cdc/verify/open-comparison.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair;
let comparison: StandingComparison;
afterEach(async () => {
  await comparison.close();
  await pair.drop();
});

const TABLES = [
  { from: 'item', to: 'item', columns: { id: { sql: 'id + 1000', from: ['id'] }, v: 'v' } },
  { from: 'line', to: 'line' },
];

async function start(): Promise<void> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (id int PRIMARY KEY, v text); CREATE TABLE line (a int); ALTER TABLE line REPLICA IDENTITY FULL;
      INSERT INTO item SELECT i, 'v' FROM generate_series(1, 3000) i; INSERT INTO line SELECT i FROM generate_series(1, 40) i`,
    targetSql: 'CREATE TABLE item (id int PRIMARY KEY, v text); CREATE TABLE line (a int)',
    tables: TABLES,
  });
  await pair.settle();
  const { sourceUrl, targetUrl, replication } = pair;
  comparison = await openComparison({
    slice: 'facts',
    tables: parseConfigTables(TABLES),
    direction: 'forward',
    sourceUrl,
    targetUrl,
    stream: replication,
  });
}

async function compare() {
  const position = await pair.replication.currentPosition();
  await pair.replication.waitForPosition(position, 10_000);
  return comparison.compareStill(position);
}

test('without an equal comparison before, it says that nothing is known', async () => {
  await start();
  expect(await compare()).toMatchObject({ verdict: 'inconclusive', nothingChanged: false, keys: {} });
});

test('rows that changed since the last equal comparison are compared once, tables without changes not at all', async () => {
  await start();
  await pair.verify();
  expect(await compare()).toMatchObject({ nothingChanged: true, keys: { 'public.item': [] } });
  await pair.source.query("UPDATE item SET v = 'new' WHERE id <= 3; DELETE FROM item WHERE id = 9");
  const report = await compare();
  expect(report).toMatchObject({ verdict: 'match', tables: [{ rowsSource: 4 }, { rowsSource: 0 }] });
  expect(report.keys['public.item']).toEqual(['1', '2', '3', '9'].map((id) => ({ id })));
  expect(await compare()).toMatchObject({ nothingChanged: true });
});

test('a row that differs is found, and stays to be compared', async () => {
  await start();
  await pair.verify();
  await pair.source.query("UPDATE item SET v = 'new' WHERE id <= 3");
  await pair.replication.waitForPosition(await pair.replication.currentPosition(), 10_000);
  await pair.target.query("UPDATE item SET v = 'other' WHERE id = 1002");
  for (let round = 0; round < 2; round += 1)
    expect(await compare()).toMatchObject({ verdict: 'mismatch', differences: [{ key: { id: '1002' } }] });
  await pair.target.query("UPDATE item SET v = 'new' WHERE id = 1002");
  expect(await compare()).toMatchObject({ verdict: 'match' });
});

const narrow = () => comparison.compareMoving((lsn, ms) => pair.replication.waitForPosition(lsn, ms), 10_000);

test('while both sides move, what is found equal is left out of the comparison when they stand still', async () => {
  await start();
  await pair.verify();
  await pair.source.query("UPDATE item SET v = 'new' WHERE id <= 200");
  await pair.replication.waitForPosition(await pair.replication.currentPosition(), 10_000);
  let moves = true;
  const writing = (async () => {
    for (let n = 0; moves; n += 1) {
      await pair.source.query(`UPDATE item SET v = 'v${n}' WHERE id = ${1 + (n % 30)}`);
      // The writer is as slow as the stream: a row that changes at every read is never found equal.
      await pair.replication.waitForPosition(await pair.replication.currentPosition(), 10_000);
    }
  })();
  try {
    await expect.poll(narrow, { interval: 1 }).toBeLessThanOrEqual(100);
  } finally {
    moves = false;
    await writing;
  }
  await pair.source.query("UPDATE item SET v = 'last' WHERE id = 300");
  const report = await compare();
  expect(report).toMatchObject({ verdict: 'match' });
  expect(report.keys['public.item']).toContainEqual({ id: '300' });
  expect(report.keys['public.item']).not.toContainEqual({ id: '150' });
});

test('while both sides move, a row that differs leaves all to the comparison when they stand still', async () => {
  await start();
  await pair.verify();
  await pair.source.query("UPDATE item SET v = 'new' WHERE id <= 3");
  await pair.replication.waitForPosition(await pair.replication.currentPosition(), 10_000);
  await pair.target.query("UPDATE item SET v = 'other' WHERE id = 1002");
  expect(await narrow()).toBe(undefined);
  expect(await compare()).toMatchObject({ verdict: 'mismatch', tables: [{ rowsSource: 3 }, {}] });
  await pair.target.query("UPDATE item SET v = 'new' WHERE id = 1002");
  await pair.source.query('INSERT INTO line VALUES (41)');
  expect(await compare()).toMatchObject({
    verdict: 'match',
    tables: [{ rowsSource: 3 }, { rowsSource: 41 }],
  });
  await pair.source.query('INSERT INTO line VALUES (42)');
  // The stream has recorded it by then.
  await pair.replication.waitForPosition(await pair.replication.currentPosition(), 10_000);
  expect(await narrow()).toBe(undefined);
});

test('a table without a key is compared as a whole when it has changed', async () => {
  await start();
  await pair.verify();
  await pair.source.query('INSERT INTO line VALUES (41)');
  expect(await compare()).toMatchObject({
    verdict: 'match',
    tables: [{ rowsSource: 0 }, { rowsSource: 41 }],
  });
});
