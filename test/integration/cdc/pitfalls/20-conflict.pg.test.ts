/** Pitfall 20. A conflict stops the slice and shows the row; other slices continue. */
import { afterEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
let second: Replication | undefined;
afterEach(async () => {
  await second?.stop();
  second = undefined;
  await pair?.drop();
  pair = undefined;
});

test('pitfall 20: a row that cannot be applied stops its slice, naming the row and the reason; after a fix it continues', async () => {
  const TABLE =
    'CREATE TABLE item (id int PRIMARY KEY, email text UNIQUE); CREATE TABLE other (id int PRIMARY KEY)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: TABLE,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { retryMs: 50 } },
  });
  const { source, target, replication, sourceUrl, targetUrl } = pair;
  await pair.settle();
  second = openReplication({
    onFault: failTheRun,
    slice: 'neighbour',
    tables: parseConfigTables([{ from: 'other', to: 'other' }]),
    sourceUrl,
    targetUrl,
  });
  await second.start();
  // Another writer wrote past the fence.
  await target.query(`INSERT INTO item VALUES (100, 'taken@example.org')`);
  await source.query(
    `INSERT INTO item VALUES (1, 'free@example.org'), (2, 'taken@example.org'), (3, 'x@example.org')`,
  );
  await source.query('INSERT INTO other VALUES (1)');
  await expect
    .poll(() => replication.status().problem?.message)
    .toMatch(/insert of public\.item \(id=2\).*unique/);
  expect(replication.status()).toMatchObject({
    state: 'stopped',
    problem: { code: 'FICUS_CDC_APPLY_FAILED' },
  });
  expect((await target.query('SELECT id FROM item')).rows).toEqual([{ id: 100 }]);
  // The other slice is not affected.
  expect(await second.waitForPosition(await second.currentPosition(), 10_000)).toBe(true);
  await target.query('DELETE FROM item WHERE id = 100');
  await pair.settle();
  expect((await target.query('SELECT id FROM item ORDER BY id')).rows.map((row) => row.id)).toEqual([
    1, 2, 3,
  ]);
  await second.drop();
});
