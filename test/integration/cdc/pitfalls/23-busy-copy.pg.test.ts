/**
 * Pitfall 23. Rows that are deleted and inserted again under the same key while the first copy reads them arrive twice,
 * as an old row of a chunk and as a new one of the stream, and the last write wins. Here they change all the time, move
 * to other keys and are rolled back, and the copy is interrupted and continues: both sides end equal.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicationStatus } from '@ficus/core';
import pg from 'pg';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TABLE item (id int PRIMARY KEY, version int, body text); ALTER TABLE item ALTER body SET STORAGE EXTERNAL`;
const ROWS = 3_000;

/** Changes made before the copy must have advanced. */
const BURST = 40;

/**
 * Deletes, inserts again under the same key, moves keys and touches rows, until stopped. Stays only a moment ahead of
 * the stream, and a burst ahead of the copy: no first copy ends while its stream falls behind or each of its chunks
 * becomes invalid, and the speed of each depends on the machine.
 */
async function keepBusy(
  url: string,
  stopped: () => boolean,
  status: () => Pick<ReplicationStatus, 'lagMs' | 'copy'>,
): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let changes = 0;
  let copied: number | undefined;
  for (; !stopped(); changes++) {
    while (!stopped() && (status().lagMs ?? 0) > 500) await sleep(10);
    if (changes % BURST === 0) {
      while (!stopped() && copied !== undefined && status().copy?.rowsCopied === copied) await sleep(10);
      copied = status().copy?.rowsCopied;
    }
    const id = 1 + ((changes * 7919) % ROWS);
    const body = `repeat(md5('${changes}'), 200)`;
    await client.query('BEGIN');
    await client.query('UPDATE item SET version = version + 1 WHERE id = $1', [id]);
    if (changes % 3 === 0) await client.query('DELETE FROM item WHERE id = $1', [id]);
    if (changes % 6 === 0) await client.query(`INSERT INTO item VALUES ($1, -1, ${body})`, [id]);
    // On a fast machine the ids wrap around.
    if (changes % 11 === 0)
      await client.query(
        'UPDATE item SET id = -id WHERE id = $1 AND NOT EXISTS (SELECT FROM item WHERE id = -$1::int)',
        [id],
      );
    await client.query(changes % 13 === 0 ? 'ROLLBACK' : 'COMMIT');
  }
  await client.end();
  return changes;
}

describe.each([
  ['verbatim', { from: 'item', to: 'item' }],
  [
    'through expressions',
    {
      from: 'item',
      to: 'item',
      columns: { id: 'id', version: 'version', body: { sql: 'body || version', from: ['body', 'version'] } },
    },
  ],
])('rows copied %s', (_, table) => {
  test('copied while rows are deleted, inserted again, moved; stopped and started meanwhile', async () => {
    pair = await startStreamedPair(inject('postgresPort'), {
      sourceSql: `${TABLE}; INSERT INTO item SELECT i, 0, repeat('body' || i, 600) FROM generate_series(1, ${ROWS}) i`,
      targetSql: TABLE,
      tables: [table],
      options: { settings: { copyChunkRows: 100, copyRowsPerSecond: 4_000, heartbeatMs: 50 } },
    });
    const { replication, sourceUrl } = pair;
    let done = false;
    const busy = keepBusy(
      sourceUrl,
      () => done,
      () => replication.status(),
    );
    try {
      await expect.poll(() => replication.status().copy?.rowsCopied ?? 0).toBeGreaterThan(ROWS / 4);
      const before = replication.status().copy?.rowsCopied ?? 0;
      await replication.stop();
      await replication.start();
      // It continues where it was.
      expect(replication.status().copy?.rowsCopied).toBeGreaterThanOrEqual(before);
      await expect.poll(() => replication.copied()).toBe(true);
    } finally {
      done = true;
      await busy;
    }
    expect(await busy).toBeGreaterThan(20);
    await pair.settle();
    expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
  });
});
