import type { HoldReport, SliceHold, SliceState } from '@ficus/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HoldKeeper } from './hold-keeper.ts';

const ATTEMPT = { owner: 'legacy', epoch: 1, attempt: 4, leaseMs: 1_000, waitMs: 2_000 } as const;
const leased: SliceState = { ...ATTEMPT, writes: 'leased' };
const held: SliceState = { ...ATTEMPT, writes: 'held' };
const hold = (writes: 'leased' | 'held', more: Partial<SliceHold> = {}): SliceHold => ({
  ...{ attempt: 4, writes, inFlight: 0, orphaned: 0, held: 0, heldBytes: 0, full: false },
  ...more,
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(workers: readonly number[] = [1, 2]) {
  const world = { workers, state: leased as SliceState, current: true, now: 0 };
  const posts: { report: HoldReport; answer: (renewed?: string[]) => void; fail: () => void }[] = [];
  const sent: unknown[] = [];
  const keeper = new HoldKeeper({
    proxyId: 'p',
    workers: () => world.workers,
    states: () => ({ notes: world.state }),
    current: () => world.current,
    post: (report) =>
      new Promise((resolve, reject) => {
        const answer = (renewed = Object.keys(report.slices)) => resolve(renewed);
        posts.push({ report, answer, fail: () => reject(new Error('no answer')) });
      }),
    send: ({ leases }) => sent.push(leases.notes),
    now: () => world.now,
    later: (action, ms) => setTimeout(action, ms),
  });
  const set = (state: SliceState): void => {
    world.state = state;
    keeper.stateChanged();
  };
  const say = (worker: number, report: SliceHold): void =>
    keeper.take(worker, { kind: 'holds', slices: { notes: report } });
  const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
  return { world, posts, sent, keeper, set, say, turn, last: () => posts.at(-1)?.report.slices.notes };
}

test('acknowledged when all workers have applied it, and not before', async () => {
  const { posts, set, say, turn, last } = start();
  set(leased);
  say(1, hold('leased', { inFlight: 1 }));
  await turn();
  expect(posts).toEqual([]);
  say(2, hold('leased', { inFlight: 2 }));
  await turn();
  expect(posts[0]!.report).toEqual({
    ...{ proxyId: 'p', number: 1 },
    slices: { notes: hold('leased', { inFlight: 3 }) },
  });
  set(held);
  say(1, hold('held'));
  await turn();
  expect(last()?.writes).toBe('leased');
  say(2, hold('held', { inFlight: 1 }));
  await turn();
  expect(last()).toEqual(hold('held', { inFlight: 1 }));
});

test('a lease begins when the acknowledgement is sent, and only once that is answered', async () => {
  const { world, posts, sent, set, say, turn } = start([1]);
  world.now = 100;
  set(leased);
  say(1, hold('leased'));
  await turn();
  world.now = 700;
  expect(sent).toEqual([]);
  posts[0]!.answer();
  await turn();
  expect(sent).toEqual([{ attempt: 4, untilMs: 1_100 }]);
  await vi.advanceTimersByTimeAsync(250);
  posts[1]!.fail();
  await turn();
  expect(sent).toHaveLength(1);
});

test('an answer renews the leases of the slices that it names, and of no other', async () => {
  const { posts, keeper, set, say, turn } = start([1]);
  set(leased);
  say(1, hold('leased'));
  await turn();
  posts[0]!.answer(['users']);
  await turn();
  expect(keeper.leases).toEqual({});
});

test('an answer that comes late renews neither a newer lease nor another attempt', async () => {
  const { world, posts, sent, keeper, set, say, turn } = start([1]);
  set(leased);
  say(1, hold('leased'));
  await turn();
  world.now = 250;
  await vi.advanceTimersByTimeAsync(250);
  posts[1]!.answer();
  await turn();
  posts[0]!.answer();
  await turn();
  expect(keeper.leases.notes).toEqual({ attempt: 4, untilMs: 1_250 });
  await vi.advanceTimersByTimeAsync(250);
  set({ ...ATTEMPT, attempt: 5, writes: 'leased' });
  posts[2]!.answer();
  await turn();
  expect(keeper.leases).toEqual({});
  expect(sent.at(-1)).toBeUndefined();
});

test('states that may be of the past are not acknowledged', async () => {
  const { world, posts, keeper, set, say, turn } = start([1]);
  world.current = false;
  set(leased);
  say(1, hold('leased'));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(posts).toEqual([]);
  world.current = true;
  keeper.connected();
  await turn();
  expect(posts).toHaveLength(1);
});

test('of a killed worker, what it has not sent is not in flight; what it may have sent is, for a while', async () => {
  const { world, keeper, set, say, turn, last } = start();
  set(held);
  say(1, hold('held', { inFlight: 1, held: 5 }));
  say(2, hold('held'));
  await turn();
  world.workers = [2];
  keeper.workerGone(1, new Map([['notes', 6]]), 500);
  await turn();
  expect(last()).toEqual(hold('held', { inFlight: 1, orphaned: 1 }));
  await vi.advanceTimersByTimeAsync(500);
  expect(last()).toEqual(hold('held'));
});

test('under a lease, or before an attempt, all its writes may have been sent', async () => {
  const { world, keeper, set, say, turn, last } = start();
  keeper.workerGone(1, new Map([['notes', 2]]), 500);
  world.workers = [2, 3];
  set(leased);
  say(2, hold('leased'));
  say(3, hold('leased', { inFlight: 1 }));
  await turn();
  expect(last()).toEqual(hold('leased', { inFlight: 3, orphaned: 2 }));
  world.workers = [2];
  keeper.workerGone(3, new Map([['notes', 4]]), 500);
  await vi.advanceTimersByTimeAsync(100);
  expect(last()).toEqual(hold('leased', { inFlight: 6, orphaned: 6 }));
});
