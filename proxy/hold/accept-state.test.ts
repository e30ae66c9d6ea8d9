import type { SliceState } from '@ficus/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptState, type KnownState } from './accept-state.ts';

const open = (epoch: number): SliceState => ({ owner: 'legacy', epoch, writes: 'open' });
const under = (writes: 'leased' | 'held', epoch: number, attempt: number): SliceState => ({
  ...{ owner: 'legacy', epoch, writes, attempt },
  ...{ leaseMs: 1_000, waitMs: 1_000 },
});

const after = (...states: SliceState[]): KnownState | undefined =>
  states.reduce<KnownState | undefined>((known, state) => acceptState(known, state) ?? known, undefined);

test.each<[string, SliceState[], SliceState, boolean]>([
  ['the first state', [], under('held', 1, 2), true],
  ['an attempt begins', [open(1)], under('leased', 1, 2), true],
  ['it holds', [open(1), under('leased', 1, 2)], under('held', 1, 2), true],
  ['it is abandoned', [under('held', 1, 2)], open(1), true],
  ['it succeeds', [under('held', 1, 2)], open(2), true],
  ['the next attempt', [under('held', 1, 2), open(1)], under('leased', 1, 3), true],
  ['an attempt that was abandoned holds again', [under('held', 1, 2), open(1)], under('held', 1, 2), false],
  ['held is leased again', [under('held', 1, 2)], under('leased', 1, 2), false],
  ['an earlier attempt', [under('held', 1, 3)], under('held', 1, 2), false],
  ['an earlier attempt, after a later one', [under('held', 1, 3), open(1)], under('leased', 1, 2), false],
  ['an owner of the past', [open(2)], open(1), false],
  ['an owner of the past opens a hold', [open(2), under('held', 2, 5)], open(1), false],
  ['an attempt that has succeeded', [open(2)], under('held', 2, 2), false],
  ['in the journal, not released: to a proxy that starts', [], under('held', 2, 2), true],
  ['in the journal, not released: to one that holds', [under('held', 1, 2)], under('held', 2, 2), true],
  ['it is released then', [under('held', 2, 2)], open(2), true],
  ['it holds again after that', [under('held', 2, 2), open(2)], under('held', 2, 2), false],
  ['it is leased in the journal', [], under('leased', 2, 2), false],
])('%s: accepted or not', (_, before, next, accepted) => {
  expect(acceptState(after(...before), next) !== undefined).toBe(accepted);
});

test('whatever arrives, epochs and attempts only grow, and no attempt holds twice', () => {
  const anyState = fc.tuple(fc.constantFrom('open', 'leased', 'held'), fc.nat(4), fc.nat(6));
  fc.assert(
    fc.property(fc.array(anyState, { maxLength: 30 }), (events) => {
      let known: KnownState | undefined;
      const released = new Set<number>();
      for (const [writes, epoch, attempt] of events) {
        const next = writes === 'open' ? open(epoch) : under(writes as 'held', epoch, attempt);
        const accepted = acceptState(known, next);
        if (accepted === undefined) continue;
        expect(accepted.state.epoch).toBeGreaterThanOrEqual(known?.state.epoch ?? 0);
        expect(accepted.attempt).toBeGreaterThanOrEqual(known?.attempt ?? 0);
        if (accepted.state.writes === 'open') released.add(accepted.attempt);
        else expect(released.has(accepted.state.attempt)).toBe(false);
        known = accepted;
      }
    }),
  );
});
