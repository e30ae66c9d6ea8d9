import { FENCE_MODES } from '@ficus/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFenceState, encodeFenceState } from './fence-number.ts';

test('every state comes back, and no two have the same number', () => {
  const state = fc.record({
    epoch: fc.nat({ max: 2 ** 49 }),
    mode: fc.constantFrom(...FENCE_MODES),
  });
  fc.assert(
    fc.property(state, (given) => {
      expect(decodeFenceState(encodeFenceState(given))).toEqual({ ...given });
    }),
  );
  expect(FENCE_MODES.map((mode) => encodeFenceState({ epoch: 2, mode }))).toEqual(['16', '17', '18', '19']);
});

test('the numbers are those that the guard reads', () => {
  expect(FENCE_MODES).toEqual(['armed', 'observe', 'hold', 'moved']);
});

test('null is no fence, a mode of a later version an error', () => {
  expect(decodeFenceState(null)).toBe(undefined);
  expect(() => decodeFenceState('13')).toThrow('state 13');
});
