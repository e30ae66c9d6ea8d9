import { expect, test } from 'vitest';
import { sharePercent } from './share-percent.ts';

test.each([
  [0, 0, null],
  [0, 10, 0],
  [10, 10, 100],
  [1, 3, 33.3],
  [5, 1000, 0.5],
  [1, 10_000, 0.1],
  [9_999, 10_000, 99.9],
])('%d of %d: %s %%', (part, all, share) => {
  expect(sharePercent(part, all)).toBe(share);
});
