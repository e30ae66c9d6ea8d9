/**
 * Pitfall 15. A copy that reads before its slot exists misses what is written in between; one that reads while the
 * stream runs writes old rows over new ones, brings deleted ones back, or reads a transaction's rows in their old state
 * although the stream has already delivered it. The slot comes first; each chunk is read between two marks in the WAL,
 * and rows that change between them are not taken from the chunk. An interrupted copy continues with its current chunk.
 */
import pg from 'pg';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Failpoint, setFailpointTrap } from '../../../../cdc/failpoints.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { type StreamedPair, type StreamedPairOptions, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
/** Releases every stop, even when the test failed at it. */
const releases: (() => void)[] = [];
afterEach(async () => {
  setFailpointTrap(undefined);
  for (const release of releases.splice(0)) release();
  await pair?.drop();
  pair = undefined;
});

const TABLE = `CREATE TABLE item (id int PRIMARY KEY, version int, body text); ALTER TABLE item ALTER body SET STORAGE EXTERNAL`;
const ROWS = 300;
const CHUNK = 100;

/** Stops the copy the first (or given) time it reaches a place, until `release` is called. */
function stopAt(place: Failpoint, time = 1): { reached: Promise<void>; release(): void; times(): number } {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  releases.push(go.resolve);
  let times = 0;
  setFailpointTrap((name) => {
    if (name !== place || ++times !== time) return undefined;
    reached.resolve();
    return go.promise;
  });
  return { reached: reached.promise, release: go.resolve, times: () => times };
}

const FILL = `INSERT INTO item SELECT i, 0, repeat('body' || i, 600) FROM generate_series(1, ${ROWS}) i`;

function startItems(
  given: Pick<StreamedPairOptions, 'sourcePort' | 'onDatabases' | 'options'> = {},
): Promise<StreamedPair> {
  return startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; ${FILL}`,
    targetSql: TABLE,
    tables: [{ from: 'item', to: 'item' }],
    options: { settings: { copyChunkRows: CHUNK } },
    ...given,
  });
}

/** Between the marks of the first chunk: its rows have been read, but the stream has not reached its end. */
const BETWEEN_MARKS: Readonly<Record<string, string>> = {
  'a row changed, its large value unsent': `UPDATE item SET version = 1 WHERE id = 5`,
  'a row changed whole': `UPDATE item SET version = 1, body = 'new' WHERE id = 5`,
  'a row deleted': `DELETE FROM item WHERE id = 5`,
  'a row deleted and inserted again': `DELETE FROM item WHERE id = 5; INSERT INTO item VALUES (5, 9, 'again')`,
  'a row deleted, inserted again, changed': `DELETE FROM item WHERE id = 5; INSERT INTO item VALUES (5, 9, repeat('again', 900)); UPDATE item SET version = 10 WHERE id = 5`,
  'a key moved out of the chunk': `UPDATE item SET id = 150000 WHERE id = 5`,
  'a key moved into the chunk': `UPDATE item SET id = -5 WHERE id = 250`,
  'a key moved within the chunk': `UPDATE item SET id = 0 WHERE id = 5`,
  'two keys exchanged': `UPDATE item SET id = 0 WHERE id = 5; UPDATE item SET id = 5 WHERE id = 250; UPDATE item SET id = 250 WHERE id = 0`,
  'the table emptied': `TRUNCATE item`,
  'the table emptied and filled': `TRUNCATE item; INSERT INTO item VALUES (5, 5, 'five')`,
};

describe('between the marks of a chunk', () => {
  let shared: StreamedPair;
  beforeAll(async () => {
    shared = await startItems();
    return () => shared.drop();
  });

  test.each(Object.entries(BETWEEN_MARKS))('%s', async (_, sql) => {
    const { source, replication } = shared;
    await replication.drop({ emptyTarget: true });
    await source.query(`TRUNCATE item; ${FILL}`);
    const chunk = stopAt('chunk-read');
    await replication.start();
    await chunk.reached;
    await source.query(`BEGIN; ${sql}; COMMIT`);
    chunk.release();
    await shared.settle();
    expect(await shared.verify()).toMatchObject({ verdict: 'match', differences: [] });
  });
});

test('writes after the slot’s creation and before the first read arrive', async () => {
  const made = stopAt('checkpoint-created');
  let sourceUrl = '';
  const starting = startItems({ onDatabases: (databases) => (sourceUrl = databases.sourceUrl) });
  await made.reached;
  const writer = new pg.Client({ connectionString: sourceUrl });
  await writer.connect();
  await writer.query(`INSERT INTO item VALUES (1000, 0, 'early'); DELETE FROM item WHERE id = 7`);
  await writer.end();
  made.release();
  pair = await starting;
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { target: ROWS } });
});

test('after an interruption it continues with the current chunk', async () => {
  const SMALL = 10;
  const late = stopAt('after-chunk-write', 18);
  pair = await startItems({ options: { settings: { copyChunkRows: SMALL } } });
  const { replication } = pair;
  await late.reached;
  expect(replication.status().copy?.rowsCopied).toBeGreaterThanOrEqual(18 * SMALL);
  const stopping = replication.stop();
  late.release();
  await stopping;
  const again = stopAt('chunk-read', Number.POSITIVE_INFINITY);
  await replication.start();
  await pair.settle();
  // The remaining ones, the empty last one, and now and then one that had to be read twice; from the start it would be
  // 31.
  expect(again.times()).toBeLessThan(25);
  expect(replication.status().copy).toMatchObject({ rowsCopied: ROWS, done: true });
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});

describe('a transaction that is in the WAL but not visible yet', () => {
  let cluster: OwnCluster;
  beforeAll(async () => {
    // A session with synchronous_commit = on waits for a standby that does not exist: its commit is in the WAL, and
    // decoded, but invisible.
    cluster = await startOwnCluster('invisible', {
      synchronous_standby_names: 'nobody',
      synchronous_commit: 'local',
    });
    return () => cluster.remove();
  });

  test('when the stream has its rows and the chunk still reads the old ones, the chunk is read again', async () => {
    // The second chunk matters: the copy begins only when it sees everything committed before.
    const made = stopAt('chunk-read');
    let sourceUrl = '';
    const starting = startItems({
      sourcePort: cluster.port,
      onDatabases: (databases) => (sourceUrl = databases.sourceUrl),
    });
    await made.reached;
    const writer = new pg.Client({ connectionString: sourceUrl });
    await writer.connect();
    const pid = (await writer.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;
    await writer.query('SET synchronous_commit = on');
    const committing = writer.query(`UPDATE item SET version = 7 WHERE id = 105; `);
    const watcher = new pg.Client({ connectionString: cluster.url('postgres') });
    await watcher.connect();
    await expect
      .poll(async () => {
        const { rows } = await watcher.query('SELECT wait_event FROM pg_stat_activity WHERE pid = $1', [pid]);
        return rows[0]?.wait_event;
      })
      .toBe('SyncRep');
    // No session sees it, but the stream will.
    const reads = stopAt('chunk-read', Number.POSITIVE_INFINITY);
    made.release();
    pair = await starting;
    expect((await pair.source.query('SELECT version FROM item WHERE id = 105')).rows).toEqual([
      { version: 0 },
    ]);
    await expect.poll(reads.times).toBeGreaterThan(5);
    // Ends the wait and keeps the commit.
    await watcher.query('SELECT pg_cancel_backend($1)', [pid]);
    await committing;
    await writer.end();
    await watcher.end();
    await pair.settle();
    expect((await pair.target.query('SELECT version FROM item WHERE id = 105')).rows).toEqual([
      { version: 7 },
    ]);
    expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
  });
});
