import type { SliceState } from '@ficus/core';
import { expect, test } from 'vitest';
import { readStates } from './kept-owners.ts';

const states: Record<string, SliceState> = {
  notes: { owner: 'candidate', epoch: 4, writes: 'open' },
  tags: { owner: 'legacy', epoch: 1, lacks: 'rows', writes: 'open' },
  orders: { owner: 'legacy', epoch: 1, writes: 'held', attempt: 2, leaseMs: 1_000, waitMs: 2_000 },
};

test('what was kept is read', () => {
  expect(readStates(JSON.stringify({ slices: states }))).toEqual(states);
});

test.each([
  '',
  '{',
  'null',
  '{}',
  '{"slices":null}',
  '{"slices":{"notes":null}}',
  '{"slices":{"notes":{"owner":"somebody","epoch":1,"writes":"open"}}}',
  '{"slices":{"notes":{"owner":"legacy","epoch":"1","writes":"open"}}}',
  '{"slices":{"notes":{"owner":"legacy","epoch":1,"writes":"held"}}}',
])('%s is not believed', (text) => {
  expect(() => readStates(text)).toThrow();
});
