/**
 * DETACH, DROP and TRUNCATE of one partition are in no change stream: retention removes rows that the other side keeps. A
 * comparison of what has changed takes the table as a whole then, so that a cutover does not bring such rows back.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const PARTITIONED = `CREATE TABLE trip (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
  CREATE TABLE trip_1 PARTITION OF trip FOR VALUES FROM (0) TO (100); CREATE TABLE trip_2 PARTITION OF trip FOR VALUES FROM (100) TO (200);`;
const OTHER = 'CREATE TABLE stop (id int PRIMARY KEY);';

async function start(slotCheckMs = 50): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${PARTITIONED} ${OTHER} INSERT INTO trip SELECT n, 'a' FROM generate_series(1, 150) n; INSERT INTO stop SELECT generate_series(1, 10)`,
    targetSql: `${PARTITIONED} ${OTHER}`,
    tables: ['trip', 'stop'].map((name) => ({ from: name, to: name })),
    options: { settings: { slotCheckMs } },
  });
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 160 } });
  expect(await pair.verify('recent')).toMatchObject({ nothingChanged: true });
  return pair;
}

const recent = async () => {
  const { verdict, nothingChanged, rowsCompared, reason } = await pair!.verify('recent');
  return { verdict, nothingChanged, reason, ...rowsCompared };
};

test.each([
  ['detached', 'ALTER TABLE trip DETACH PARTITION trip_1'],
  ['dropped', 'DROP TABLE trip_1'],
  ['emptied', 'TRUNCATE trip_1'],
])('a partition that is %s on the source: its rows are extra on the target', async (_what, sql) => {
  const { source, target } = await start();
  await source.query(sql);
  await expect.poll(recent).toMatchObject({ verdict: 'mismatch', source: 51, target: 150 });
  await target.query('DELETE FROM trip WHERE id < 100');
  expect(await recent()).toMatchObject({ verdict: 'match', source: 51 });
  expect(await recent()).toMatchObject({ nothingChanged: true });
});

test.each([
  ['detached', 'ALTER TABLE trip DETACH PARTITION trip_1'],
  ['emptied', 'TRUNCATE trip_1'],
])(
  'a partition that was %s since the last look is seen by the one before a change of owner',
  async (_what, sql) => {
    // No look of its own follows the first.
    const { source, replication } = await start(3_600_000);
    expect(await replication.lookAtTables()).toBe(true);
    await source.query(sql);
    expect(await replication.lookAtTables()).toBe(false);
    await expect.poll(recent).toMatchObject({ verdict: 'mismatch', source: 51, target: 150 });
    await replication.stop();
    expect(await replication.lookAtTables()).toBeUndefined();
  },
);

test('a partition that is detached on the target: its rows are missing there', async () => {
  const { target } = await start();
  await target.query('ALTER TABLE trip DETACH PARTITION trip_1');
  await expect.poll(recent).toMatchObject({ verdict: 'mismatch', source: 150, target: 51 });
});

test('a new partition, and a table without any that is written again, are none to compare for', async () => {
  const { source, target } = await start();
  for (const side of [target, source])
    await side.query('CREATE TABLE trip_3 PARTITION OF trip FOR VALUES FROM (200) TO (300)');
  await source.query("INSERT INTO trip VALUES (201, 'new')");
  await expect.poll(() => pair!.replication.status().state).toBe('streaming');
  await source.query('VACUUM FULL stop');
  await source.query("UPDATE trip SET note = 'b' WHERE id = 1");
  await pair!.settle();
  expect(await recent()).toMatchObject({ verdict: 'match', source: 2 });
});
