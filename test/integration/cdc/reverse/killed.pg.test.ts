/**
 * Either stream is killed at each point at which it is between two states, while the other runs and both sides write:
 * started again, both converge, and nothing has come back.
 */
import type { ReplicationOptions } from '@ficus/cdc';
import { afterEach, expect, inject, test } from 'vitest';
import { FAILPOINTS, type Failpoint } from '../../../../cdc/failpoints.ts';
import { EngineProcess } from '../../../faults/engine-process.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
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

type Direction = 'forward' | 'reverse';

/** Reached by a stream whose copy is complete; the stream back has none. */
const RUNNING: readonly Failpoint[] = ['before-settle', 'after-commit', 'before-acknowledge'];
const OPENING: readonly Failpoint[] = ['slot-created', 'checkpoint-created'];

let pair: DatabasePair | undefined;
let observers: WalObserver[] = [];
let writers: TwoWriters | undefined;
const engines = new Map<Direction, EngineProcess>();

afterEach(async () => {
  await writers?.stop();
  for (const observer of observers) await observer.drop();
  for (const engine of engines.values()) await engine.drop();
  for (const engine of engines.values()) await engine.kill();
  engines.clear();
  await pair?.drop();
  [pair, writers, observers] = [undefined, undefined, []];
});

function start(direction: Direction, failpoint?: string): EngineProcess {
  const [sourceUrl, targetUrl] =
    direction === 'forward' ? [pair!.sourceUrl, pair!.targetUrl] : [pair!.targetUrl, pair!.sourceUrl];
  const options: ReplicationOptions = {
    slice: 'killed',
    direction,
    tables: parseConfigTables(TABLES),
    sourceUrl,
    targetUrl,
    settings: { batchBytes: 32 * 1024, acknowledgeMs: 50 },
  };
  const engine = new EngineProcess(options, failpoint === undefined ? {} : { FICUS_FAILPOINT: failpoint });
  engines.set(direction, engine);
  return engine;
}

const runs = (engine: EngineProcess) =>
  expect.poll(() => engine.status?.state, { timeout: 120_000 }).toBe('streaming');
const dies = (engine: EngineProcess) =>
  expect
    .poll(() => (engine.alive ? JSON.stringify(engine.status) : 'dead'), { timeout: 120_000 })
    .toBe('dead');

async function settle(direction: Direction): Promise<void> {
  const from = direction === 'forward' ? pair!.source : pair!.target;
  const { rows } = await from.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  const engine = engines.get(direction)!;
  expect(await engine.waitForPosition(rows[0]!.lsn, 60_000), JSON.stringify(engine.status)).toBe(true);
}

test('no failpoint is left out', () => {
  const ofCopy = ['chunk-read', 'before-chunk-write', 'after-chunk-write'];
  expect([...RUNNING, ...OPENING, ...ofCopy].sort()).toEqual([...FAILPOINTS].sort());
});

test.each(['forward', 'reverse'] as const)('%s', { timeout: 600_000 }, async (killed) => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(LEGACY);
  await pair.target.query(CANDIDATE);
  observers = [await observeWal(pair.source), await observeWal(pair.target)];
  const forward = start('forward');
  await runs(forward);
  for (const failpoint of killed === 'reverse' ? OPENING : []) await dies(start('reverse', failpoint));
  const reverse = start('reverse');
  await runs(reverse);
  writers = startWriters(pair);
  await writers.writeMore(20);
  await (killed === 'forward' ? forward : reverse).kill();
  for (const failpoint of RUNNING) {
    await dies(start(killed, `${failpoint}:4`));
    await writers.writeMore(10);
  }
  await runs(start(killed));
  await writers.writeMore(40);
  await writers.stop();
  await settle('forward');
  await settle('reverse');
  await settle('forward');
  await expectEqual(pair);
  await expectNoEcho(observers[0]!, observers[1]!);
});
