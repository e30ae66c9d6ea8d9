import type { SliceHold } from '@ficus/core';
import { expect, test } from 'vitest';
import { sumHolds } from './sum-holds.ts';

const held = (more: Partial<SliceHold> = {}): SliceHold => ({
  ...{ attempt: 4, writes: 'held', inFlight: 0, held: 0, heldBytes: 0, full: false },
  ...more,
});

test('the sum over the workers', () => {
  const workers = [
    held({ inFlight: 3, orphaned: 1, held: 2, heldBytes: 100, endless: { live: 1 } }),
    held({ inFlight: 1, full: true, endless: { live: 1, add: 2 } }),
  ];
  expect(sumHolds(4, 'held', workers, 5)).toEqual(
    held({ inFlight: 9, orphaned: 6, held: 2, heldBytes: 100, full: true, endless: { live: 2, add: 2 } }),
  );
});

test('one worker that still sends under the lease: leased', () => {
  expect(sumHolds(4, 'held', [held(), held({ writes: 'leased' })], 0)?.writes).toBe('leased');
});

test.each<[string, (SliceHold | undefined)[]]>([
  ['one that has not reported', [held(), undefined]],
  ['one that knows an earlier attempt only', [held({ attempt: 3 }), held()]],
])('nothing is acknowledged while there is %s', (_, workers) => {
  expect(sumHolds(4, 'held', workers, 0)).toBeUndefined();
});

test('a proxy without a worker that could send acknowledges', () => {
  expect(sumHolds(4, 'held', [], 0)).toEqual(held({ orphaned: 0 }));
});
