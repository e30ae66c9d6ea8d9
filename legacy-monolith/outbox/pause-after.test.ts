import { expect, it } from 'vitest';
import { pauseAfter } from './pause-after.ts';

it('looks again at once while there is something to post, and else after a moment', () => {
  expect(pauseAfter(100, 0)).toBe(0);
  expect(pauseAfter(0, 0)).toBe(100);
});

it('asks an API that is away less and less often, and never gives up', () => {
  expect([1, 2, 3, 6, 50, 5000].map((failures) => pauseAfter(0, failures))).toEqual([
    200, 400, 800, 5000, 5000, 5000,
  ]);
});
