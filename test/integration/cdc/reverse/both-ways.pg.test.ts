/** Both streams of a slice at the same time, under writers on both sides: they converge, and nothing comes back. */
import { afterEach, expect, inject, test } from 'vitest';
import { type BothWays, startBothWays } from '../rig/both-ways.ts';
import { observeWal, type WalObserver } from '../rig/wal-observer.ts';
import {
  CANDIDATE,
  expectEqual,
  expectNoEcho,
  LEGACY,
  startWriters,
  TABLES,
  type TwoWriters,
} from './two-writers.ts';

let both: BothWays | undefined;
let writers: TwoWriters | undefined;
let observers: WalObserver[] = [];
afterEach(async () => {
  await writers?.stop();
  for (const observer of observers) await observer.drop();
  await both?.drop();
  [both, writers, observers] = [undefined, undefined, []];
});

test('rows of the copy, large transactions, tables without a key, rereads and TRUNCATEs arrive once', {
  timeout: 180_000,
}, async () => {
  both = await startBothWays(inject('postgresPort'), {
    sourceSql: LEGACY,
    targetSql: CANDIDATE,
    tables: TABLES,
    options: { settings: { batchBytes: 32 * 1024, copyChunkRows: 200 } },
    // Before the first row is copied.
    onDatabases: async ({ source, target }) => {
      observers = [await observeWal(source), await observeWal(target)];
    },
  });
  writers = startWriters(both);
  await writers.writeMore(150);
  // Each ends, and continues where it ended, while the other runs.
  for (const stream of [both.reverse, both.replication]) {
    await stream.stop();
    await writers.writeMore(60);
    await stream.start();
  }
  await writers.writeMore(100);
  await writers.stop();
  await both.settle();
  await both.settleBack();
  await both.settle();
  await expectEqual(both);
  const [legacy, candidate] = observers;
  await expectNoEcho(legacy!, candidate!);
  for (const stream of [both.reverse, both.replication])
    expect(stream.status()).toMatchObject({ state: 'streaming', problem: undefined, missingDeletes: 0 });
});

test('what empties the candidate for a new copy does not empty the legacy', {
  timeout: 120_000,
}, async () => {
  both = await startBothWays(inject('postgresPort'), {
    sourceSql: LEGACY,
    targetSql: CANDIDATE,
    tables: TABLES,
  });
  await both.replication.drop({ emptyTarget: true });
  expect((await both.target.query('SELECT FROM item')).rowCount).toBe(0);
  // Everything that the candidate's WAL has by now has passed the stream back.
  await both.settleBack();
  expect((await both.source.query('SELECT FROM item')).rowCount).toBe(3000);
  await both.replication.start();
  await both.settle();
  await both.settleBack();
  await expectEqual(both);
});
