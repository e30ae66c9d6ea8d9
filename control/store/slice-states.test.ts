import { expect, test } from 'vitest';
import { SliceStates, type StoredSlice } from './slice-states.ts';

const first: StoredSlice = { owner: 'legacy', epoch: 1, writes: 'open', retired: false };

test('an owner of an older epoch changes nothing, nor does one that was read before the journal', () => {
  const states = new SliceStates({} as never);
  states.take(new Map([['orders', first]]));
  states.adopt('orders', 'candidate', 4);
  states.adopt('orders', 'legacy', 3);
  states.take(new Map([['orders', first]]));
  expect(states.of('orders')).toMatchObject({ owner: 'candidate', epoch: 4 });
  // One that is configured no longer, and comes back, may have begun again.
  states.take(new Map());
  states.take(new Map([['orders', first]]));
  expect(states.of('orders')).toEqual(first);
});
