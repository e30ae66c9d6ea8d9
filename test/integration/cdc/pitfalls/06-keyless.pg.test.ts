/**
 * Pitfall 6, tables without any key. Their rows can be identified only by all of their values, some of them not at all:
 * a copy in chunks would bring a row twice that the stream has already brought, and `DELETE … WHERE a = NULL` finds
 * none, or deletes all equal ones where the source deleted one. Such a table is copied at one point of the source's
 * WAL; earlier commits are not applied again, later ones wait; one row is found NULL-safely by all columns.
 */
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type Failpoint, setFailpointTrap } from '../../../../cdc/failpoints.ts';
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

const TABLE = `CREATE TABLE line (a int, b text, body text); ALTER TABLE line ALTER body SET STORAGE EXTERNAL;
  CREATE TABLE other (id int PRIMARY KEY)`;
const FULL = 'ALTER TABLE line REPLICA IDENTITY FULL';
/** Many of them equal, some all null, some with values that an update does not send. */
const FILL = `INSERT INTO line SELECT i % 7, CASE WHEN i % 3 > 0 THEN 'b' || i % 5 END, CASE WHEN i % 4 = 0 THEN repeat('long', 900) END
  FROM generate_series(1, 600) i; INSERT INTO line VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), (NULL, NULL, NULL)`;

const TABLES = [
  { from: 'line', to: 'line' },
  { from: 'other', to: 'other' },
];

function start(given: Partial<StreamedPairOptions> = {}): Promise<StreamedPair> {
  return startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLE}; ${FULL}; ${FILL}`,
    targetSql: TABLE,
    tables: TABLES,
    ...given,
  });
}

/** Stops the copy the first time it reaches a place, until `release` is called. */
function stopAt(place: Failpoint): { reached: Promise<void>; release(): void } {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  releases.push(go.resolve);
  let times = 0;
  setFailpointTrap((name) => {
    if (name !== place || ++times > 1) return undefined;
    reached.resolve();
    return go.promise;
  });
  return { reached: reached.promise, release: go.resolve };
}

async function multiset(given: StreamedPair, side: 'source' | 'target'): Promise<unknown[]> {
  const { rows } = await given[side].query(
    'SELECT a, b, md5(body) AS body, count(*)::int AS times FROM line GROUP BY 1, 2, 3 ORDER BY 1, 2, 3',
  );
  return rows;
}

async function expectEqual(given: StreamedPair): Promise<void> {
  await given.settle();
  expect(await multiset(given, 'target')).toEqual(await multiset(given, 'source'));
  expect(await given.verify()).toMatchObject({ verdict: 'match', differences: [] });
  expect(given.replication.status()).toMatchObject({ missingDeletes: 0, state: 'streaming' });
}

/** Changes exactly one of several equal rows, as an application's cursor does. */
const one = (where: string) => `ctid = (SELECT ctid FROM line WHERE ${where} LIMIT 1)`;

const CHANGES = [
  `DELETE FROM line WHERE ${one('a IS NULL')}`,
  `UPDATE line SET b = 'was null' WHERE ${one('a IS NULL AND b IS NULL')}`,
  `UPDATE line SET a = 100 WHERE ${one('body IS NOT NULL AND a = 4')}`,
  `UPDATE line SET body = NULL WHERE ${one('body IS NOT NULL AND a = 1')}`,
  `DELETE FROM line WHERE ${one("a = 5 AND b = 'b1'")}; INSERT INTO line VALUES (5, 'b1', NULL), (5, 'b1', NULL)`,
  `UPDATE line SET a = 3 WHERE a = 2`,
  `UPDATE line SET a = a + 1`,
];

describe('without a key', () => {
  test.each([
    ['each alone', false],
    ['all in one batch', true],
  ])('one of several equal rows is changed or deleted: %s', async (_, together) => {
    pair = await start();
    await pair.settle();
    if (together) await pair.replication.stop();
    for (const change of CHANGES) {
      await pair.source.query(`BEGIN; ${change}; COMMIT`);
      if (!together) await pair.settle();
    }
    if (together) await pair.replication.start();
    await expectEqual(pair);
    await pair.source.query(`TRUNCATE line; ${FILL}`);
    await expectEqual(pair);
  });

  test('a change before the copied point is skipped, one behind it waits', async () => {
    let sourceUrl = '';
    const made = stopAt('checkpoint-created');
    const starting = start({ onDatabases: (databases) => (sourceUrl = databases.sourceUrl) });
    await made.reached;
    // In the stream before the snapshot, and so in the copy as well.
    const writer = new pg.Client({ connectionString: sourceUrl });
    await writer.connect();
    await writer.query(
      `INSERT INTO line VALUES (1, 'early', NULL), (1, 'early', NULL); ${CHANGES[0]}; ${CHANGES[6]}`,
    );
    await writer.end();
    const copying = stopAt('whole-copied');
    made.release();
    pair = await starting;
    await copying.reached;
    // In the stream, but not in the snapshot. An earlier transaction of another table passes.
    const { source, target, replication } = pair;
    await source.query('INSERT INTO other VALUES (1)');
    expect(await replication.waitForPosition(await replication.currentPosition(), 10_000)).toBe(true);
    await source.query(`BEGIN; INSERT INTO other VALUES (2); ${CHANGES[1]}; ${CHANGES[4]}; COMMIT`);
    await source.query(FILL);
    expect(await replication.waitForPosition(await replication.currentPosition(), 200)).toBe(false);
    expect((await target.query('SELECT id FROM other')).rows).toEqual([{ id: 1 }]);
    expect((await target.query('SELECT FROM line')).rowCount).toBe(0);
    copying.release();
    await expectEqual(pair);
  });

  test('interrupted, the table starts again; no row is there twice', async () => {
    const copying = stopAt('whole-copied');
    pair = await start();
    await copying.reached;
    const { source, target, replication } = pair;
    await source.query(CHANGES[6]!);
    const stopping = replication.stop();
    await target.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ficus%' AND datname = current_database()`,
    );
    copying.release();
    await stopping;
    expect((await target.query('SELECT FROM line')).rowCount).toBe(0);
    await source.query(CHANGES[4]!);
    await replication.start();
    await expectEqual(pair);
    // And again after the copy: nothing is copied or applied a second time.
    await replication.stop();
    await source.query(CHANGES[5]!);
    await replication.start();
    await expectEqual(pair);
    const slots = await source.query('SELECT FROM pg_replication_slots WHERE database = current_database()');
    expect(slots.rowCount).toBe(1);
  });

  test('interrupted because another table was altered, it says which table is copied again, and why', async () => {
    const copying = stopAt('whole-copied');
    const lines: { msg: string; tables?: string[]; reason?: string }[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
    pair = await start({ options: { logger, settings: { slotCheckMs: 50 } } });
    await copying.reached;
    await pair.source.query('ALTER TABLE other ALTER id SET DEFAULT 7');
    await expect
      .poll(() => lines.find(({ msg }) => msg === 'copy begins again'))
      .toMatchObject({ tables: ['public.line'], reason: 'tables of the source were altered' });
    copying.release();
    await expectEqual(pair);
  });

  test('the table is copied while being written to', async () => {
    pair = await start({
      sourceSql: `${TABLE}; ${FULL}; INSERT INTO line SELECT i % 50, 'b' || i % 9, repeat('x', 300) FROM generate_series(1, 12000) i`,
      options: { settings: { copyRowsPerSecond: 20_000 } },
    });
    const { source, replication } = pair;
    let changes = 0;
    do {
      await source.query(`BEGIN; UPDATE line SET a = a + 1 WHERE ${one(`a = ${changes % 40}`)};
        DELETE FROM line WHERE ${one(`a = ${(changes * 7) % 50}`)}; INSERT INTO line VALUES (${changes % 5}, 'b1', NULL); COMMIT`);
      changes++;
      // Each change costs the target a look at all its rows.
      await replication.waitForPosition(await replication.currentPosition(), 10_000);
    } while (!(await replication.copied()) || changes < 40);
    await expectEqual(pair);
  });

  test('with a condition and fewer columns: deleting a row that was left out deletes no other', async () => {
    pair = await start({
      targetSql: 'CREATE TABLE line (a int, b text)',
      tables: [
        {
          from: 'line',
          to: 'line',
          rows: 'body IS NULL',
          columns: { a: 'a', b: { sql: "coalesce(b, '-')", from: ['b'] } },
        },
      ],
    });
    const { source, target } = pair;
    await pair.settle();
    for (const change of [
      `INSERT INTO line VALUES (9, 'same', NULL), (9, 'same', repeat('long', 900))`,
      `DELETE FROM line WHERE ${one("b = 'same' AND body IS NOT NULL")}`,
      ...CHANGES,
    ])
      await source.query(`BEGIN; ${change}; COMMIT`);
    await pair.settle();
    const expected = await source.query(
      `SELECT a, coalesce(b, '-') AS b FROM line WHERE body IS NULL ORDER BY 1, 2`,
    );
    expect((await target.query('SELECT a, b FROM line ORDER BY 1, 2')).rows).toEqual(expected.rows);
    expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
  });

  test('existing rows are not mixed with copied ones', async () => {
    pair = await start({
      targetSql: `${TABLE}; INSERT INTO line VALUES (1, 'before', NULL)`,
      options: { settings: { retryMs: 50 } },
    });
    const { replication, target } = pair;
    await expect
      .poll(() => replication.status())
      .toMatchObject({
        state: 'stopped',
        problem: { code: 'FICUS_CDC_TARGET_NOT_EMPTY', message: expect.stringContaining('TRUNCATE') },
      });
    await target.query('TRUNCATE line');
    await expectEqual(pair);
  });

  test('a missing row stops the stream, and the message shows none of its values', async () => {
    pair = await start({ options: { settings: { retryMs: 50 } } });
    const { source, target, replication } = pair;
    await pair.settle();
    await target.query(`DELETE FROM line WHERE a = 6 AND b = 'b2' AND body IS NULL`);
    await source.query(`UPDATE line SET a = 7 WHERE a = 6 AND b = 'b2' AND body IS NULL`);
    await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_CONFLICT');
    expect(replication.status().problem?.message).toContain('a row without a key');
    expect(replication.status().problem?.message).not.toContain('b2');
  });
});
