/** Rows that the stream asks of the source again, because it was not sent all that the mapping needs of them. */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../cdc-mapping/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const LABEL = { sql: "name || ' ' || length(big)", from: ['name', 'big'] };
const LARGE = 256 * 1024;
const MANY = 50;

test('large rows are asked for a few at a time', async () => {
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

/** Bytes of each answer to a question for rows by their keys. */
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
