import type { SliceHold } from '@ficus/core';
import { expect, test } from 'vitest';
import { newsOf } from './news-of.ts';

const hold = (writes: 'leased' | 'held', more: Partial<SliceHold> = {}): SliceHold => ({
  ...{ attempt: 4, writes, inFlight: 2, held: 0, heldBytes: 0, full: false },
  ...more,
});

test.each<[string, SliceHold, SliceHold, boolean]>([
  ['another attempt', hold('leased'), hold('leased', { attempt: 5 }), true],
  ['the hold is applied', hold('leased'), hold('held'), true],
  ['the last write has ended', hold('held'), hold('held', { inFlight: 0 }), true],
  ['only writes without a client are left', hold('held'), hold('held', { orphaned: 2 }), true],
  ['a bound is reached', hold('held'), hold('held', { full: true }), true],
  ['one of several has ended', hold('held'), hold('held', { inFlight: 1 }), false],
  ['more wait', hold('held'), hold('held', { held: 9, heldBytes: 900 }), false],
  [
    'under a lease no write is under way for a moment',
    hold('leased'),
    hold('leased', { inFlight: 0 }),
    false,
  ],
])('%s: news or not', (_, before, after, isNews) => {
  expect(newsOf({ notes: before }) !== newsOf({ notes: after })).toBe(isNews);
});
