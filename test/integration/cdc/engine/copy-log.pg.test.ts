/** The log says when the first copy of each table begins and ends: with a key it is copied in chunks, without one whole. */
import { pino } from 'pino';
import { expect, inject, test } from 'vitest';
import { startStreamedPair } from '../rig/streamed-pair.ts';

test('a copy of two tables is in the log', async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const schema = 'CREATE TABLE keyed (id int PRIMARY KEY); CREATE TABLE loose (word text)';
  const pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${schema}; ALTER TABLE loose REPLICA IDENTITY FULL;
      INSERT INTO keyed SELECT generate_series(1, 1200); INSERT INTO loose VALUES ('a'), ('a'), ('b')`,
    targetSql: schema,
    tables: [
      { from: 'public.keyed', to: 'public.keyed' },
      { from: 'public.loose', to: 'public.loose' },
    ],
    options: { logger },
  });
  try {
    await pair.settle();
    const said = (msg: string) =>
      lines.filter((line) => line.msg === msg).sort((a, b) => String(a.table).localeCompare(String(b.table)));
    expect(said('copy begins')).toMatchObject([
      { slice: 'facts', table: 'public.keyed' },
      { slice: 'facts', table: 'public.loose' },
    ]);
    expect(said('copy ends')).toMatchObject([
      { slice: 'facts', table: 'public.keyed', rows: 1200, seconds: expect.any(Number) },
      { slice: 'facts', table: 'public.loose', rows: 3, seconds: expect.any(Number) },
    ]);
  } finally {
    await pair.drop();
  }
});
