/**
 * Pitfall 19. With a stream in each direction a change returns as a change of the other side and loops forever, or
 * overwrites later writes. Replication origins would distinguish them, but only from 16 on and only where a role may
 * set them up; so on every version each apply transaction begins with a logical message of ours, and the reverse reader
 * skips such transactions, and no others.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
let reverse: Replication | undefined;
afterEach(async () => {
  await reverse?.drop();
  await pair?.drop();
  pair = undefined;
});

test('a change made on one side arrives on the other once', async () => {
  const TABLE = 'CREATE TABLE item (id int PRIMARY KEY, writes int)';
  const tables = [{ from: 'item', to: 'item' }];
  pair = await startStreamedPair(inject('postgresPort'), { sourceSql: TABLE, targetSql: TABLE, tables });
  const { source, target, sourceUrl, targetUrl } = pair;
  await pair.settle();
  reverse = openReplication({
    onFault: failTheRun,
    slice: 'facts',
    tables: parseConfigTables(tables),
    sourceUrl: targetUrl,
    targetUrl: sourceUrl,
    direction: 'reverse',
  });
  await reverse.start();
  await expect.poll(() => reverse?.copied()).toBe(true);
  await source.query('INSERT INTO item VALUES (1, 1)');
  await target.query('INSERT INTO item VALUES (2, 1)');
  await pair.settle();
  await reverse.waitForPosition(await reverse.currentPosition(), 10_000);
  await pair.settle();
  await reverse.waitForPosition(await reverse.currentPosition(), 10_000);
  for (const side of [source, target])
    expect((await side.query('SELECT * FROM item ORDER BY id')).rows).toEqual([
      { id: 1, writes: 1 },
      { id: 2, writes: 1 },
    ]);
  // Only the first statement counts: a transaction with such a message later belongs to another writer.
  await source.query(
    `BEGIN; INSERT INTO item VALUES (3, 1); SELECT pg_logical_emit_message(true, 'ficus.apply', 'facts'); COMMIT`,
  );
  await pair.settle();
  expect((await target.query('SELECT id FROM item WHERE id = 3')).rowCount).toBe(1);
  // One row went each way, and none came back.
  expect(pair.replication.status().rowsApplied).toBe(2);
  expect(reverse.status().rowsApplied).toBe(1);
});
