/** Alterations that leave all values as they are: the stream notices them, and needs no new copy. */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TYPE color AS ENUM ('red', 'green'); CREATE TABLE car (id int PRIMARY KEY, wheels int, paint color);
  ALTER TABLE car ADD seats int DEFAULT 4;`;

async function start(): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE} INSERT INTO car VALUES (1)`,
    targetSql: TABLE,
    tables: [{ from: 'car', to: 'car' }],
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

test('tables that are written again, and columns that are altered at another time, are nothing to copy again for', async () => {
  const { source, target, replication, settle, verify } = await start();
  const files = async () =>
    JSON.stringify(
      (await target.query(`SELECT shape -> 'storage' AS storage FROM ficus.copy_progress`)).rows,
    );
  for (const side of [source, target])
    for (const sql of [
      'VACUUM FULL car',
      'ALTER TABLE car ALTER wheels SET STATISTICS 50',
      'CLUSTER car USING car_pkey',
    ]) {
      const before = await files();
      await side.query(sql);
      await expect.poll(files, { timeout: 10_000 }).not.toBe(before);
    }
  await source.query('TRUNCATE car');
  await source.query('INSERT INTO car (id) VALUES (2)');
  await settle();
  await replication.stop();
  await replication.start();
  await settle();
  expect(replication.status()).toMatchObject({ state: 'streaming' });
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 1, target: 1 } });
});

test('a type that the service renames is noticed before a row needs it', async () => {
  const { source, target, settle, verify } = await start();
  const pid = async () =>
    (await source.query('SELECT active_pid FROM pg_replication_slots WHERE database = current_database()'))
      .rows[0].active_pid;
  const before = await pid();
  await target.query('ALTER TYPE color RENAME TO hue');
  await expect.poll(async () => (await pid()) ?? before).not.toBe(before);
  await source.query(`INSERT INTO car (id, paint) VALUES (2, 'green')`);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});
