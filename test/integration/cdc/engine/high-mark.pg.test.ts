/**
 * While a chunk is written at its high mark, the stream is read further. Changes behind the mark are newer than the
 * chunk and applied after it; they must not drop the chunk's rows: an UPDATE of a row that the target never got looks
 * like a conflict.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';
import { resumeAll, stopAt } from './stop-at.ts';

const ITEM = 'CREATE TABLE item (id int PRIMARY KEY, body text)';

let pair: StreamedPair | undefined;
afterEach(async () => {
  resumeAll();
  await pair?.drop();
  pair = undefined;
});

test('a change behind the high mark is applied to its row even when read before the chunk is written', async () => {
  const read = stopAt('chunk-read')['chunk-read'];
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${ITEM}; INSERT INTO item VALUES (1, 'as it was'), (2, 'left alone')`,
    targetSql: ITEM,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { heartbeatMs: 60_000 } },
  });
  const { source, target, replication } = pair;
  await read.reached;
  const atMark = stopAt('before-settle')['before-settle'];
  read.resume();
  await atMark.reached;
  await source.query(`UPDATE item SET body = 'as it is' WHERE id = 1`);
  // The mark is being applied, and the update has been read.
  await expect.poll(() => replication.status().lagTransactions).toBeGreaterThanOrEqual(2);
  atMark.resume();
  await pair.settle();
  expect(replication.status()).toMatchObject({ state: 'streaming' });
  const { rows } = await target.query('SELECT * FROM item ORDER BY id');
  expect(rows).toEqual([
    { id: 1, body: 'as it is' },
    { id: 2, body: 'left alone' },
  ]);
});
