import type { HoldReport, SliceHold } from '@ficus/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProxyLeases, type ReportedProxy } from './proxy-leases.ts';

const question = { slice: 'orders', epoch: 7, leaseMs: 3_000 };
let reported: ReportedProxy[];
let leases: ProxyLeases;
let number: number;

beforeEach(() => {
  vi.useFakeTimers();
  [reported, number] = [[], 0];
  leases = new ProxyLeases({ reported: () => reported, now: () => Date.now() });
});
afterEach(() => vi.useRealTimers());

const listed = (proxyId: string, over: Partial<ReportedProxy> = {}): ReportedProxy => ({
  ...{ proxyId, name: null, workers: 2, epochs: { orders: 1 }, lastReportAt: new Date().toISOString() },
  ...{ address: '10.0.0.2', owner: undefined },
  ...over,
});

function report(proxyId: string, over: Partial<SliceHold> = {}, at = ++number): void {
  const hold: SliceHold = {
    ...{ attempt: 7, writes: 'leased', inFlight: 0, held: 0, heldBytes: 0, full: false },
    ...over,
  };
  leases.take({ proxyId, number: at, slices: { orders: hold } } satisfies HoldReport);
}

/** What became of a promise so far. */
async function settled(promise: Promise<unknown>): Promise<string> {
  const say = (error: unknown) => (error instanceof Error ? error.message : String(error));
  return Promise.race([
    promise.then(
      () => 'resolved',
      (error: unknown) => `rejected: ${say(error)}`,
    ),
    Promise.resolve().then(async () => {
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      return 'waits';
    }),
  ]);
}

test('a wait ends with the last acknowledgement', async () => {
  leases.connect('a', '::1');
  leases.connect('b', '::1');
  const wait = leases.wait(question, 'leased', 1_000);
  report('a');
  expect(await settled(wait)).toBe('waits');
  report('b');
  expect(await settled(wait)).toBe('resolved');
});

test('a proxy that is missing at the end is named, with what it lacks', async () => {
  leases.connect('a', '::1');
  reported = [listed('b', { name: 'host-b 10.0.0.2:8080' })];
  const wait = leases.wait(question, 'leased', 1_000);
  wait.catch(() => undefined);
  report('a');
  vi.advanceTimersByTime(1_000);
  await expect(wait).rejects.toMatchObject({
    code: 'FICUS_CUTOVER_PROXY_NOT_READY',
    message:
      'After 1000 ms: Proxy host-b 10.0.0.2:8080 (from 10.0.0.2) is not connected; its last report came 0 s ago.',
  });
});

test('an acknowledgement of another attempt, or an older one that arrives late, counts for nothing', async () => {
  leases.connect('a', '::1');
  const wait = leases.wait(question, 'drained', 1_000);
  wait.catch(() => undefined);
  report('a', { writes: 'held', attempt: 6 });
  expect(await settled(wait)).toBe('waits');
  report('a', { writes: 'held', inFlight: 1 }, 9);
  report('a', { writes: 'held', inFlight: 0 }, 8);
  expect(await settled(wait)).toBe('waits');
  report('a', { writes: 'held', inFlight: 0 }, 10);
  expect(await settled(wait)).toBe('resolved');
});

test('a proxy that leaves before it has acknowledged is waited for as long as its reports say that it may be there', async () => {
  const leave = leases.connect('a', '::1');
  const wait = leases.wait(question, 'leased', 1_000);
  expect(await settled(wait)).toBe('waits');
  reported = [listed('a')];
  leave();
  leases.connect('b', '::1');
  report('b');
  expect(await settled(wait)).toBe('waits');
  reported = [];
  leases.wake();
  expect(await settled(wait)).toBe('resolved');
});

test('one that has drained its workers, and one that does not have the slice, need not acknowledge', async () => {
  reported = [listed('a', { workers: 0 }), listed('b', { epochs: { users: 1 } })];
  await leases.wait(question, 'drained', 100);
  expect(leases.members(question)).toEqual([]);
});

test('a lease that runs out wakes the attempt that waits for its proxy', async () => {
  leases.connect('a', '::1');
  report('a');
  const wait = leases.wait(question, 'drained', 10_000);
  vi.advanceTimersByTime(3_249);
  expect(await settled(wait)).toBe('waits');
  vi.advanceTimersByTime(2);
  expect(await settled(wait)).toBe('resolved');
});

test('where no proxy is connected, none can have acknowledged: all may be cut off', async () => {
  const wait = leases.wait(question, 'leased', 1_000);
  wait.catch(() => undefined);
  vi.advanceTimersByTime(1_000);
  await expect(wait).rejects.toMatchObject({
    code: 'FICUS_CUTOVER_PROXY_NOT_READY',
    message: 'After 1000 ms: No proxy of the slice is connected.',
  });
});

test('a control plane that has just started waits for the proxies that may connect yet', async () => {
  leases = new ProxyLeases({ reported: () => reported, now: () => Date.now(), settlesMs: 3_000 });
  leases.connect('a', '::1');
  report('a');
  const wait = leases.wait(question, 'leased', 5_000);
  vi.advanceTimersByTime(2_990);
  leases.connect('b', '::1');
  expect(await settled(wait)).toBe('waits');
  vi.advanceTimersByTime(20);
  expect(await settled(wait)).toBe('waits');
  report('b');
  expect(await settled(wait)).toBe('resolved');
});

test('made-up proxies of one token push out no acknowledgement of another’s', () => {
  leases.connect('ours/a', '::1');
  const acknowledge = (proxyId: string, owner: string): void => {
    const hold: SliceHold = {
      ...{ attempt: 7, writes: 'leased', inFlight: 3, held: 0, heldBytes: 0, full: false },
    };
    leases.take({ proxyId, number: 1, slices: { orders: hold } }, owner);
  };
  acknowledge('ours/a', 'ours');
  for (let at = 0; at < 12_000; at += 1) acknowledge(`theirs/${at}`, 'theirs');
  expect(leases.members(question)).toMatchObject([{ name: 'Proxy ours/a', hold: { inFlight: 3 } }]);
});

// Its name is its own word: what an operator can take away is the token.
test.each([
  ['that is connected', true, 'has not acknowledged.'],
  ['that only reports', false, 'is not connected; its last report came 0 s ago.'],
])(
  'a made-up proxy %s is named with the token and the address that it came with',
  async (_, isConnected, why) => {
    leases.connect('ours/a', '10.0.0.1', 'ours');
    if (isConnected) leases.connect('theirs/x', '10.0.0.9', 'theirs');
    reported = [listed('theirs/x', { name: 'ours 10.0.0.1:8080', address: '10.0.0.9', owner: 'theirs' })];
    report('ours/a');
    const wait = leases.wait(question, 'leased', 1_000);
    wait.catch(() => undefined);
    vi.advanceTimersByTime(1_000);
    await expect(wait).rejects.toThrow(`Proxy ours 10.0.0.1:8080 (from 10.0.0.9, token theirs) ${why}`);
  },
);

test('a proxy of an earlier version is named by its address, until it leaves', async () => {
  const leave = leases.connect(undefined, '10.0.0.9');
  const wait = leases.wait(question, 'leased', 1_000);
  expect(leases.members(question)).toMatchObject([{ name: 'A proxy at 10.0.0.9', known: false }]);
  leases.connect('a', '::1');
  report('a');
  expect(await settled(wait)).toBe('waits');
  leave();
  expect(await settled(wait)).toBe('resolved');
});

test('one that reconnects has two streams for a moment, and is connected until both have ended', () => {
  const [first, second] = [leases.connect('a', '::1'), leases.connect('a', '::1')];
  first();
  expect(leases.members(question)).toMatchObject([{ connected: true }]);
  second();
  expect(leases.members(question)).toEqual([]);
});

test('a full proxy ends a wait, and whatever else the attempt does', async () => {
  leases.connect('a', '::1');
  const [wait, broken] = [leases.wait(question, 'drained', 1_000), leases.broken(question)];
  wait.catch(() => undefined);
  expect(await settled(broken.promise)).toBe('waits');
  report('a', { writes: 'held', full: true });
  for (const ended of [wait, broken.promise])
    expect(await settled(ended)).toBe('rejected: Proxy a (from ::1) can hold no more writes.');
});

test('an attempt that is over is disturbed by nothing any more', async () => {
  leases.connect('a', '::1');
  const broken = leases.broken(question);
  broken.end();
  report('a', { writes: 'held', full: true });
  expect(await settled(broken.promise)).toBe('waits');
});

test('proxies that have not applied the new epoch are named', async () => {
  leases.connect('a', '::1');
  reported = [listed('a', { epochs: { orders: 6 } }), listed('gone', { epochs: { orders: 6 } })];
  const late = leases.late(question, 500);
  vi.advanceTimersByTime(500);
  expect(await late).toEqual(['Proxy a']);
  reported = [listed('a', { epochs: { orders: 7 } })];
  expect(await leases.late(question, 500)).toEqual([]);
});

test('a write that may not end soon is waited for while the others pass, and then named', async () => {
  leases.connect('a', '::1');
  report('a', { inFlight: 3, endless: { upload: 1 } });
  const wait = leases.wait(question, 'free', 2_000);
  expect(await settled(wait)).toBe('waits');
  report('a', { inFlight: 3 });
  expect(await settled(wait)).toBe('resolved');
  report('a', { inFlight: 3, endless: { upload: 1 } });
  const late = leases.wait(question, 'free', 2_000);
  late.catch(() => undefined);
  vi.advanceTimersByTime(2_000);
  await expect(late).rejects.toMatchObject({
    code: 'FICUS_CUTOVER_ENDLESS',
    message: 'After 2000 ms: Proxy a (from ::1) still has 1 of upload that may not end soon.',
  });
});

test('one that is gone after it has acknowledged is waited for while nothing is held: the hold need not', async () => {
  const leave = leases.connect('a', '::1');
  leases.connect('b', '::1');
  for (const proxy of ['a', 'b']) report(proxy);
  leave();
  reported = [listed('a')];
  const free = leases.wait(question, 'free', 30_000);
  expect(await settled(free)).toBe('waits');
  vi.advanceTimersByTime(3_249);
  report('b');
  expect(await settled(free)).toBe('waits');
  vi.advanceTimersByTime(2);
  expect(await settled(free)).toBe('resolved');
  report('b', { writes: 'held' });
  expect(await settled(leases.wait(question, 'drained', 2_000))).toBe('resolved');
});

test('one that is back is not waited for any longer', async () => {
  const leave = leases.connect('a', '::1');
  report('a');
  leave();
  reported = [listed('a')];
  const free = leases.wait(question, 'free', 30_000);
  expect(await settled(free)).toBe('waits');
  leases.connect('a', '::1');
  expect(await settled(free)).toBe('resolved');
});

test('one whose client has left, or whose proxy is silent for its lease, is left to the fence', async () => {
  leases.connect('a', '::1');
  report('a', { inFlight: 1, orphaned: 1, endless: { upload: 1 } });
  expect(await settled(leases.wait(question, 'free', 2_000))).toBe('resolved');
  report('a', { inFlight: 1, endless: { upload: 1 } });
  const wait = leases.wait(question, 'free', 10_000);
  vi.advanceTimersByTime(3_251);
  expect(await settled(wait)).toBe('resolved');
});
