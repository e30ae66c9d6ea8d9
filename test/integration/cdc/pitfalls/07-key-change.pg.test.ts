/**
 * Pitfall 7. An UPDATE that changes a row's key concerns two keys: an engine that uses only the new one leaves the old
 * row behind, and one that merges changes per key loses a row that took a key which another has just left. The old row
 * is deleted and the new one upserted, in this order over a whole batch, with unsent values taken from the old row.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const table = (identity: string) => `
  CREATE TABLE place (shop int, shelf int, goods text, body text, PRIMARY KEY (shop, shelf));
  ALTER TABLE place ALTER body SET STORAGE EXTERNAL; ${identity}`;

const ROWS = `INSERT INTO place SELECT s, f, 'goods ' || s || f, 
    repeat('body ' || s || f, CASE s WHEN 2 THEN 1 ELSE 800 END) -- those of shop 2 are small: all values are sent
  FROM generate_series(1, 3) s, generate_series(1, 3) f`;

/** One transaction each. */
const MOVES = [
  // Just another key, once with and once without another value; the large value is not sent.
  `UPDATE place SET shelf = 10 WHERE (shop, shelf) = (1, 1)`,
  `UPDATE place SET shelf = 11, goods = 'moved' WHERE (shop, shelf) = (1, 2)`,
  // A chain: each takes the key that the previous one has left.
  `UPDATE place SET shelf = 12 WHERE (shop, shelf) = (2, 3); UPDATE place SET shelf = 3 WHERE (shop, shelf) = (2, 2);
   UPDATE place SET shelf = 2 WHERE (shop, shelf) = (2, 1)`,
  // Two rows exchange their keys.
  `UPDATE place SET shelf = -1 WHERE (shop, shelf) = (3, 1); UPDATE place SET shelf = 1 WHERE (shop, shelf) = (3, 2);
   UPDATE place SET shelf = 2 WHERE (shop, shelf) = (3, -1)`,
  // Away and back; away and the key reused; moved and deleted.
  `UPDATE place SET shop = 9 WHERE (shop, shelf) = (3, 3); UPDATE place SET shop = 3 WHERE (shop, shelf) = (9, 3)`,
  `UPDATE place SET shelf = 20 WHERE (shop, shelf) = (1, 3); INSERT INTO place VALUES (1, 3, 'new', 'new')`,
  `UPDATE place SET shelf = 21 WHERE (shop, shelf) = (1, 10); DELETE FROM place WHERE (shop, shelf) = (1, 21)`,
];

const KEYS = ['1 11', '1 20', '1 3', '2 12', '2 2', '2 3', '3 1', '3 2', '3 3'];

describe.each([
  ['of the primary key', ''],
  ['under REPLICA IDENTITY FULL', 'ALTER TABLE place REPLICA IDENTITY FULL'],
])('rows that change their key, %s', (_, identity) => {
  test.each([
    ['each alone', false],
    ['all in one batch', true],
  ])('%s: the old row is deleted, the new one complete', async (_name, together) => {
    pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: `${table(identity)}; ${ROWS}`,
      targetSql: table(''),
      tables: [{ from: 'place', to: 'place' }],
    });
    const { source, target, replication } = pair;
    await pair.settle();
    if (together) await replication.stop();
    for (const move of MOVES) {
      await source.query(`BEGIN; ${move}; COMMIT`);
      if (!together) await pair.settle();
    }
    if (together) await replication.start();
    await pair.settle();
    const { rows } = await target.query(`SELECT shop || ' ' || shelf AS key FROM place ORDER BY 1`);
    expect(rows.map((row) => row.key)).toEqual(KEYS);
    expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
    expect(replication.status().missingDeletes).toBe(0);
  });
});
