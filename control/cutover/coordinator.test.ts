/** What an attempt begins with, and how long it is said that the fences do not fit. */
import type { FenceState } from '@ficus/core';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { AttemptRow } from './attempt.ts';
import { Coordinator, type CoordinatorParts } from './coordinator.ts';
import { DEFAULT_LIMITS } from './work.ts';

test('an attempt’s epoch is above those of both fences; its sessions are closed when it does not begin', async () => {
  const asked: unknown[] = [];
  const fence = (state: FenceState | undefined) => ({ state: async () => state });
  const sides = {
    oldFence: fence(undefined),
    newFence: fence({ epoch: 11, mode: 'moved' }),
    close: async () => void asked.push('closed'),
  };
  const begin = async ({ slice }: { slice: string }, above: number) => {
    asked.push(`${slice} above ${above}`);
    throw new Error('the journal is away');
  };
  const parts = { open: () => sides, journal: { begin } } as unknown as CoordinatorParts;
  const coordinator = new Coordinator(parts, []);
  const wish = { slice: 'orders', operation: 'cutover', rehearsal: false, noWayBack: false } as const;
  await expect(coordinator.begin({ ...wish, actor: 'ann', reason: '' })).rejects.toThrow(
    'the journal is away',
  );
  expect(asked).toEqual(['orders above 11', 'closed']);
  expect(coordinator.isMoving('orders')).toBe(false);
});

test('what arm notes again is known from the attempt before, also after a restart', async () => {
  const state = async (): Promise<FenceState> => ({ epoch: 1, mode: 'armed' });
  const fence = { state, install: state, turn: async () => ({ turned: true }) };
  const sides = { oldFence: fence, newFence: fence, close: async () => undefined };
  let epoch = 1;
  const journal = {
    begin: async (wish: object) => ({
      ...{ ...wish, id: ++epoch, epoch, from: 'legacy', to: 'candidate', fromEpoch: 1, step: 'arm' },
      ...{ outcome: null, failure: null, timings: {}, notes: [], report: {}, journaledAt: null },
      finishedAt: null,
    }),
    abandon: async (row: AttemptRow, failure: unknown, record: object) => ({
      ...{ ...row, outcome: 'abandoned', failure, ...record },
    }),
    finish: async (row: AttemptRow, record: object) => ({ ...row, ...record, finishedAt: 'now' }),
  };
  const notes = ['The WAL is not bounded.'];
  const refusals = [{ code: 'FICUS_CUTOVER_LAG', message: 'It is behind.' }];
  const parts = {
    ...{ open: () => sides, journal, writes: { open: () => undefined }, limits: DEFAULT_LIMITS },
    ...{ arm: async () => ({ notes: [...notes], refusals }), logger: pino({ level: 'silent' }) },
    store: { query: async () => [] },
  } as unknown as CoordinatorParts;
  const wish = { slice: 'orders', operation: 'cutover', rehearsal: true, noWayBack: false } as const;
  const attempt = async (coordinator: Coordinator) => {
    await coordinator.begin({ ...wish, actor: 'ann', reason: '' });
    await expect.poll(() => coordinator.attempt('orders')?.finishedAt).toBe('now');
    return coordinator.attempt('orders')!;
  };
  const first = await attempt(new Coordinator(parts, []));
  expect(first).toMatchObject({ notes, report: { asBefore: [] } });
  notes.push('Two transactions are open.');
  expect(await attempt(new Coordinator(parts, [first]))).toMatchObject({
    notes,
    report: { asBefore: ['The WAL is not bounded.'] },
  });
});

/** A slice whose old owner's fence has a gap, or none at all. */
function slicesWith(gaps: () => Promise<{ table: string; why: string }[]>, last: readonly AttemptRow[] = []) {
  const known = { owner: 'candidate', epoch: 2, retired: false };
  const fences: { owner: FenceState; other: FenceState } = {
    owner: { epoch: 2, mode: 'armed' },
    other: { epoch: 2, mode: 'moved' },
  };
  const fence = (which: 'owner' | 'other') => ({
    state: async () => fences[which],
    install: async () => fences[which],
    gaps,
  });
  const coordinator = new Coordinator(
    {
      open: () => ({ oldFence: fence('owner'), newFence: fence('other'), close: async () => undefined }),
      states: { of: () => ({ ...known }), all: () => new Map([['orders', { ...known }]]) },
      journal: { unfinished: async () => [], endedEpochs: async () => new Set() },
      logger: pino({ level: 'silent' }),
    } as unknown as CoordinatorParts,
    last,
  );
  return { known, fences, coordinator, said: () => coordinator.inconsistency('orders') };
}

const GAP = [{ table: 'public.orders', why: 'has no trigger of the fence' }];

test.each([
  ['the owner changes', { owner: 'legacy', epoch: 3, retired: false }],
  ['the slice is retired', { owner: 'candidate', epoch: 2, retired: true }],
])('what did not fit is no longer said when %s', async (_, then) => {
  const { known, coordinator, said } = slicesWith(async () => GAP);
  await coordinator.resume('orders');
  expect(said()).toContain('public.orders has no trigger of the fence');
  Object.assign(known, then);
  expect(said()).toBe(undefined);
});

test('a look that ends after the change of owner says nothing of the slice as it is now', async () => {
  const found = Promise.withResolvers<typeof GAP>();
  const asked = Promise.withResolvers<void>();
  const { known, coordinator, said } = slicesWith(() => {
    asked.resolve();
    return found.promise;
  });
  const looked = coordinator.resume('orders');
  await asked.promise;
  Object.assign(known, { owner: 'legacy', epoch: 3 });
  found.resolve(GAP);
  await looked;
  expect(said()).toBe(undefined);
});

test('what did not fit before the first change of owner is looked at again until it does', async () => {
  const { known, fences, coordinator, said } = slicesWith(async () => []);
  Object.assign(known, { owner: 'legacy', epoch: 1 });
  fences.owner = { epoch: 9, mode: 'hold' };
  await coordinator.resume('orders');
  expect(said()).toContain('hold of epoch 9');
  coordinator.watchFences(1);
  fences.owner = { epoch: 9, mode: 'armed' };
  await expect.poll(said).toBe(undefined);
  await coordinator.stop();
});

test('after an attempt the fences are looked at again and again: a turn of it may be made late', async () => {
  const last = { slice: 'orders', epoch: 2, outcome: 'abandoned', finishedAt: 'then' } as AttemptRow;
  const { known, fences, coordinator, said } = slicesWith(async () => [], [last]);
  Object.assign(known, { owner: 'legacy', epoch: 1 });
  fences.owner = { epoch: 1, mode: 'armed' };
  await coordinator.resume('orders');
  expect(said()).toBe(undefined);
  coordinator.watchFences(1);
  fences.owner = { epoch: 9, mode: 'hold' };
  await expect.poll(said).toContain('hold of epoch 9');
  await coordinator.stop();
});

test('a change of owner that the control database does not know is found by the fences, at the start', async () => {
  const { known, fences, coordinator, said } = slicesWith(async () => []);
  Object.assign(known, { owner: 'legacy', epoch: 1 });
  fences.owner = { epoch: 4, mode: 'moved' };
  fences.other = { epoch: 4, mode: 'armed' };
  coordinator.watchFences();
  await expect.poll(said).toContain('the candidate owns the writes, since epoch 4');
  expect(coordinator.repair('orders')).toContain('control.database');
  await coordinator.stop();
});

test('at the start the fence of an attempt that was interrupted is its own: it is looked at when the attempt has ended', async () => {
  let opened = 0;
  const row = { slice: 'orders', operation: 'cutover', epoch: 2, step: 'fence', finishedAt: null };
  const coordinator = new Coordinator(
    {
      open: () => {
        opened += 1;
        throw new Error('opened');
      },
      states: { all: () => new Map([['orders', { owner: 'legacy', epoch: 1, retired: false }]]) },
    } as unknown as CoordinatorParts,
    [row as AttemptRow],
  );
  coordinator.watchFences();
  await coordinator.stop();
  expect(opened).toBe(0);
  expect(coordinator.inconsistency('orders')).toContain('interrupted in step fence');
});
