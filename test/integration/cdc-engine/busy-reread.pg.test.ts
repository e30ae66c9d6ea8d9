/**
 * Rows are asked of the source anew while transactions come without a pause. What commits between the question and its
 * answer is not in the answer, and need not be: the stream brings it later. An engine that waits for a moment in which
 * nothing has come in between waits for as long as the source is busy.
 */
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../cdc-mapping/streamed-pair.ts';

let pair: StreamedPair | undefined;
let writers: pg.Client[] = [];
afterEach(async () => {
  for (const writer of writers) await writer.end();
  writers = [];
  await pair?.drop();
  pair = undefined;
}, 60_000);

/** Commits one small UPDATE after the other, on the server, until it is told to stop; thousands a second. */
const WRITE = `DO $$ BEGIN
  WHILE NOT (SELECT stopped FROM writing) LOOP
    UPDATE item SET version = version + 1 WHERE id = 1 + floor(random() * 1000);
    COMMIT;
  END LOOP;
END $$`;

test('the stream keeps up with a busy source whose rows it has to ask for', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE item (id int PRIMARY KEY, version int, body text); ALTER TABLE item ALTER body SET STORAGE EXTERNAL;
      INSERT INTO item SELECT i, 0, repeat('body' || i, 600) FROM generate_series(1, 1000) i;
      CREATE TABLE writing (stopped boolean); INSERT INTO writing VALUES (false)`,
    targetSql: 'CREATE TABLE item (id int PRIMARY KEY, version int, body text)',
    tables: [
      {
        from: 'item',
        to: 'item',
        columns: {
          id: 'id',
          version: 'version',
          body: { sql: 'body || version', from: ['body', 'version'] },
        },
      },
    ],
  });
  const { replication, source, sourceUrl } = pair;
  await pair.settle();
  const writing: Promise<unknown>[] = [];
  for (let count = 0; count < 2; count++) {
    const writer = new pg.Client({ connectionString: sourceUrl });
    writers.push(writer);
    await writer.connect();
    const loop = writer.query(WRITE);
    // Ended with its connection when the test fails meanwhile.
    loop.catch(() => undefined);
    writing.push(loop);
  }
  const changes = async () =>
    Number((await source.query('SELECT sum(version)::float8 AS sum FROM item')).rows[0].sum);
  await expect.poll(changes, { timeout: 10_000 }).toBeGreaterThan(1_000);
  // Twice in a row: what is there now arrives while the writers go on.
  for (let time = 0; time < 2; time++) {
    const position = await replication.currentPosition();
    expect(await replication.waitForPosition(position, 20_000), JSON.stringify(replication.status())).toBe(
      true,
    );
  }
  await source.query('UPDATE writing SET stopped = true');
  await Promise.all(writing);
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
}, 60_000);
