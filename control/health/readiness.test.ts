import { expect, test } from 'vitest';
import type { StrandedAttempt } from '../cutover/coordinator.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { SourceWatch } from '../replications/source-watch.ts';
import type { Store } from '../store/open-store.ts';
import { ReadinessProbe } from './readiness.ts';

function probeOf(over: object = {}, stranded: readonly StrandedAttempt[] = []) {
  const asked: ((rows: unknown[]) => void)[] = [];
  const store = {
    connected: true,
    query: () => new Promise((resolve) => asked.push(resolve)),
  } as unknown as Store;
  const problem = { code: 'FICUS_CDC_ROW_REFUSED', message: 'shop.people id=mia was refused' };
  const replications = {
    slices: ['people'],
    status: () => ({ state: 'stopped', problem, ...over }),
    copied: () => true,
  } as unknown as ReplicationSet;
  const watch = { leftovers: () => [] } as unknown as SourceWatch;
  return { asked, probe: new ReadinessProbe(store, replications, watch, { stranded: () => stranded }) };
}

test('messages are for callers who may read, codes for all', async () => {
  const { asked, probe } = probeOf();
  const answers = [probe.check(0, false), probe.check(0, true)];
  asked[0]?.([{ standby: false }]);
  expect((await Promise.all(answers)).map(({ checks }) => checks)).toEqual([
    { database: 'ok', 'stream people': 'FICUS_CDC_ROW_REFUSED' },
    { database: 'ok', 'stream people': 'shop.people id=mia was refused' },
  ]);
});

test('an attempt that the config does not let end makes it not ready', async () => {
  const left = { slice: 'orders', message: 'It was interrupted.', remedy: 'Put the slice back.' };
  const { asked, probe } = probeOf({ state: 'streaming', lagMs: 0, problem: undefined }, [left]);
  const answers = [probe.check(0, false), probe.check(0, true)];
  asked[0]?.([{ standby: false }]);
  const ok = { database: 'ok', 'stream people': 'ok' };
  expect(await Promise.all(answers)).toEqual([
    { ready: false, checks: { ...ok, 'cutover orders': 'FICUS_CUTOVER_STRANDED' } },
    { ready: false, checks: { ...ok, 'cutover orders': 'It was interrupted. Put the slice back.' } },
  ]);
});

test('requests share a running query, and its answer for a second', async () => {
  const { asked, probe } = probeOf();
  const slow = [probe.check(0, false), probe.check(5000, false)];
  expect(asked.length).toBe(1);
  asked[0]?.([{ standby: false }]);
  await Promise.all(slow);
  await probe.check(999, false);
  expect(asked.length).toBe(1);
  const later = probe.check(1000, false);
  expect(asked.length).toBe(2);
  asked[1]?.([{ standby: true }]);
  expect((await later).checks.database).toBe('standby');
});

test('a stream without heartbeats says what is in the way, where it is known', async () => {
  const full = { code: 'FICUS_CDC_INTERRUPTED', message: 'No space left on device' };
  for (const [problem, code, message] of [
    [undefined, 'stalled', 'no heartbeat for 12 s'],
    [full, full.code, 'no heartbeat for 12 s: No space left on device'],
  ] as const) {
    const { asked, probe } = probeOf({ state: 'reconnecting', lagMs: 12_000, problem });
    const answers = [probe.check(0, false), probe.check(0, true)];
    asked[0]?.([{ standby: false }]);
    expect((await Promise.all(answers)).map(({ checks }) => checks['stream people'])).toEqual([
      code,
      message,
    ]);
  }
});
