/** An attempt that an earlier process left, of a slice that is no longer in the config. */
import { FicusError } from '@ficus/core';
import { afterEach, expect, test, vi } from 'vitest';
import type { AttemptRow } from './attempt.ts';
import { Coordinator, type CoordinatorParts } from './coordinator.ts';
import { DEFAULT_LIMITS } from './work.ts';

afterEach(() => vi.useRealTimers());

const LEFT: AttemptRow = {
  ...{
    id: 1,
    slice: 'orders',
    operation: 'cutover',
    from: 'legacy',
    to: 'candidate',
    fromEpoch: 1,
    epoch: 4,
  },
  ...{ rehearsal: false, noWayBack: false, actor: 'ann', reason: '', timings: {}, notes: [], report: {} },
  ...{ step: 'fence', outcome: null, failure: null, barrier: null },
  ...{ startedAt: 'then', journaledAt: null, finishedAt: null },
};

/** A control plane that finds an attempt in its hold; the slice is in the config while `known` says so. */
function restarted() {
  const [said, opened]: [string[], string[]] = [[], []];
  const world = { known: false, endedElsewhere: false, row: LEFT as AttemptRow | undefined, said, opened };
  const change = async (over: Partial<AttemptRow>) => {
    world.row = { ...LEFT, ...world.row, ...over };
    return world.row;
  };
  const fence = { turn: async () => ({ turned: true }), state: async () => ({ epoch: 4, mode: 'hold' }) };
  const logger = {
    child: () => logger,
    info: () => undefined,
    warn: (_: object, text: string) => void said.push(text),
    error: (_: object, text: string) => void said.push(text),
  };
  const parts = {
    store: { query: async () => [] },
    journal: {
      unfinished: async () => (world.row?.finishedAt === null ? [world.row] : []),
      abandon: async () => change({ outcome: 'abandoned', finishedAt: world.endedElsewhere ? 'then' : null }),
      finish: async () => change({ finishedAt: 'now' }),
    },
    writes: { restore: () => undefined, open: (slice: string) => void opened.push(slice) },
    limits: DEFAULT_LIMITS,
    states: { all: () => new Map() },
    logger,
    open: () => {
      opened.push('sides');
      if (world.known) return { oldFence: fence, newFence: fence, close: async () => undefined };
      throw new FicusError('FICUS_SLICE_UNKNOWN', 'There is no slice “orders” in the config.');
    },
  } as unknown as CoordinatorParts;
  const coordinator = new Coordinator(parts, [LEFT]);
  return Object.assign(world, { coordinator });
}

test('an attempt whose slice has left the config is said once, and ends when the slice is back', async () => {
  vi.useFakeTimers();
  const world = restarted();
  const { coordinator, said, opened } = world;
  await coordinator.resume();
  await vi.advanceTimersByTimeAsync(60_000);
  const message =
    'The cutover of orders, epoch 4, was interrupted in step fence, and cannot be ended: There is no slice “orders” in the config.';
  const remedy = expect.stringContaining('`ficus status orders`');
  expect(coordinator.stranded()).toMatchObject([{ slice: 'orders', message, remedy }]);
  expect(coordinator.inconsistency('orders')).toBe(message);
  expect([said, opened]).toEqual([[message], ['sides']]);
  expect(world.row).toMatchObject({ outcome: 'abandoned', finishedAt: null });

  world.known = true;
  await coordinator.resume();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(world.row).toMatchObject({ outcome: 'abandoned', finishedAt: 'now' });
  expect([coordinator.stranded(), coordinator.inconsistency('orders')]).toEqual([[], undefined]);
});

test('one whose slice is removed is forgotten, and its writes are held no longer', async () => {
  vi.useFakeTimers();
  const world = restarted();
  const { coordinator } = world;
  await coordinator.resume();
  coordinator.watchFences(1_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(coordinator.stranded()).toHaveLength(1);
  world.row = undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  expect([coordinator.stranded(), coordinator.isMoving('orders')]).toEqual([[], false]);
  expect(world.opened.at(-1)).toBe('orders');
  await coordinator.stop();
});

test('one that another control plane has ended holds no writes here', async () => {
  const world = restarted();
  const { coordinator } = world;
  world.endedElsewhere = true;
  await coordinator.resume();
  await expect.poll(() => world.opened).toContain('orders');
  await coordinator.stop();
});
