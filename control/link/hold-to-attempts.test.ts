import { configSchema, type HoldReport, type SliceHold, type SliceState } from '@ficus/core';
import { expect, test } from 'vitest';
import { holdToAttempts } from './hold-to-attempts.ts';

const config = configSchema.parse({
  version: 1,
  legacy: { url: 'http://127.0.0.1:1' },
  slices: {
    orders: { candidate: { url: 'http://127.0.0.1:2' }, routes: [{ id: 'write', path: '/orders' }] },
  },
});
const under = (writes: 'leased' | 'held'): SliceState => ({
  ...{ owner: 'legacy', epoch: 1, writes, attempt: 7, leaseMs: 3_000, waitMs: 5_000 },
});
const hold = (over: Partial<SliceHold> = {}): SliceHold => ({
  ...{ attempt: 7, writes: 'leased', inFlight: 1, held: 0, heldBytes: 0, full: false },
  ...over,
});
const report = (slices: HoldReport['slices']): HoldReport => ({ proxyId: 'p', number: 1, slices });

test.each<[string, SliceState['writes'], Partial<SliceHold>, boolean, boolean]>([
  ['leased under a lease', 'leased', {}, true, true],
  ['held in the hold', 'held', { writes: 'held' }, true, true],
  ['held under a lease that is announced again', 'leased', { writes: 'held' }, true, true],
  // It may have been counted out: what it says counts, and renews nothing.
  ['leased in the hold', 'held', {}, false, true],
  ['of another attempt', 'leased', { attempt: 6 }, false, false],
  ['while the slice is open', 'open', {}, false, false],
])('%s: renewed or not, taken or not', (_, announced, over, renewed, taken) => {
  const state: SliceState =
    announced === 'open' ? { owner: 'legacy', epoch: 1, writes: 'open' } : under(announced);
  const { slices, refusal } = holdToAttempts(report({ orders: hold(over) }), { orders: state }, config);
  expect({ renewed: refusal === undefined, taken: 'orders' in slices }).toEqual({ renewed, taken });
});

test('a slice that is refused is refused for itself: the lease of another is renewed', () => {
  const slices = { over: hold({ attempt: 6 }), orders: hold(), moving: hold() };
  const states = { over: under('leased'), orders: under('leased'), moving: under('held') };
  expect(holdToAttempts(report(slices), states, config)).toMatchObject({
    slices: { orders: hold(), moving: hold() },
    renewed: ['orders'],
    refusal: 'Attempt 6 of over is over.',
  });
});

test('of slices and routes that are not known, nothing is kept', () => {
  const endless = { write: 1, writtenBy: 2, ['x'.repeat(200)]: 3 };
  const slices = JSON.parse(
    JSON.stringify({ orders: hold({ endless }), nope: hold() }),
  ) as HoldReport['slices'];
  const taken = holdToAttempts(report(slices), { orders: under('leased') }, config);
  expect(taken.slices).toEqual({ orders: hold({ endless: { write: 1, writtenBy: 2 } }) });
  expect(taken.refusal).toContain('nope');
});
