/**
 * Rows that the stream reads from the source again arrive in their current state, later than the change that needed
 * them. In a table whose rows pass values of a second unique key to one another, a later value may still belong to
 * another row.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const LABEL = { sql: "name || ' ' || length(big)", from: ['name', 'big'] };
const COLUMNS = { id: 'id', code: 'code', label: LABEL };

async function start(table: object, identity: string): Promise<StreamedPair> {
  return startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (id int PRIMARY KEY, code text, name text, big text, unused int);
      ALTER TABLE item ALTER big SET STORAGE EXTERNAL; ALTER TABLE item REPLICA IDENTITY ${identity};
      INSERT INTO item SELECT i, 'code ' || i, 'old', repeat('x', 5000 + i) FROM generate_series(1, 3) i`,
    targetSql: 'CREATE TABLE item (id int PRIMARY KEY, code text UNIQUE, label text)',
    tables: [{ from: 'item', to: 'item', columns: COLUMNS, ...table }],
    options: { settings: { retryMs: 50 } },
  });
}

const CHANGES: Readonly<Record<string, readonly string[]>> = {
  'a value goes from one row to another': [
    `UPDATE item SET name = 'new' WHERE id = 1`,
    `UPDATE item SET code = 'free' WHERE id = 2`,
    `UPDATE item SET code = 'code 2' WHERE id = 1`,
  ],
  'a value moves on from a row that is gone later': [
    `UPDATE item SET code = 'free' WHERE id = 1`,
    `UPDATE item SET code = 'code 1' WHERE id = 2`,
    'DELETE FROM item WHERE id = 1',
  ],
  'a row takes another key': [
    `UPDATE item SET id = 10, name = 'new' WHERE id = 1`,
    `UPDATE item SET code = 'free' WHERE id = 2`,
    `UPDATE item SET code = 'code 2' WHERE id = 10`,
  ],
  'a column that is not mapped is dropped': [
    `UPDATE item SET name = 'new' WHERE id = 1`,
    'ALTER TABLE item DROP unused',
  ],
};

test.each(
  Object.keys(CHANGES).flatMap((what) => [
    { what, how: 'all rows', table: {}, identity: 'DEFAULT' },
    { what, how: 'some rows', table: { rows: "name <> 'never'" }, identity: 'DEFAULT' },
    { what, how: 'all rows, whole old ones', table: {}, identity: 'FULL' },
  ]),
)('$what: $how', async ({ what, table, identity }) => {
  pair = await start(table, identity);
  const { source, replication } = pair;
  await pair.settle();
  await replication.stop();
  // All of this has happened before the stream reaches the first change.
  for (const change of CHANGES[what]!) await source.query(change);
  await replication.start();
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});

const LARGE = 256 * 1024;
const MANY = 50;

test('large rows are reread a few at a time', async () => {
  const answers: number[] = [];
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (id int PRIMARY KEY, name text, big text); ALTER TABLE item ALTER big SET STORAGE EXTERNAL;
      INSERT INTO item SELECT i, 'old', repeat('x', ${LARGE}) FROM generate_series(1, ${MANY}) i`,
    targetSql: 'CREATE TABLE item (id int PRIMARY KEY, label text)',
    tables: [{ from: 'item', to: 'item', columns: { id: 'id', label: LABEL } }],
    options: { settings: { retryMs: 50 } },
  });
  await pair.settle();
  const watched = watchAnswers((bytes) => answers.push(bytes));
  try {
    await pair.source.query(`UPDATE item SET name = 'new'`);
    await pair.settle();
  } finally {
    watched.end();
  }
  expect(answers.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(MANY * LARGE);
  expect(Math.max(...answers)).toBeLessThan((MANY * LARGE) / 2);
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});

/** Bytes of each answer to a query for rows by their keys. */
function watchAnswers(onAnswer: (bytes: number) => void): { end(): void } {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = async function (this: pg.Client, ...given: unknown[]) {
    const answer = await (query as (...given: unknown[]) => Promise<pg.QueryResult>).apply(this, given);
    const text = (given[0] as { text?: string } | undefined)?.text;
    if (text?.startsWith('SELECT') && /AS t\s+JOIN unnest/.test(text))
      onAnswer(JSON.stringify(answer.rows).length);
    return answer;
  } as never;
  return {
    end() {
      pg.Client.prototype.query = query;
    },
  };
}

test('values that the old row has are not reread: even unique values are not newer', async () => {
  const code = { sql: 'md5(big)', from: ['big'] };
  pair = await start({ columns: { ...COLUMNS, code } }, 'FULL');
  const { source, replication } = pair;
  await pair.settle();
  await replication.stop();
  await source.query(`UPDATE item SET name = 'new' WHERE id = 1`);
  await source.query(`UPDATE item SET big = repeat('y', 5000) WHERE id = 2`);
  await source.query(`UPDATE item SET big = repeat('x', 5002) WHERE id = 1`);
  await replication.start();
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});
