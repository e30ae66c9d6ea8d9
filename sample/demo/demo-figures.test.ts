import { expect, test } from 'vitest';
import type { Tally } from '../load/tally.ts';
import { isCounted, percentile } from './demo-figures.ts';

test('percentile is the nearest rank', () => {
  expect(percentile([5, 1, 3], 0.5)).toBe(3);
  expect(percentile([5, 1, 3], 0.99)).toBe(5);
  expect(percentile([], 0.5)).toBe(0);
});

test('a phase in which nothing has been counted has no share', () => {
  const tally = (legacy: number, candidate: number) =>
    ({ phase: { flagged: { legacy, candidate } } }) as unknown as Tally;
  expect([isCounted(tally(0, 0)), isCounted(tally(0, 1))]).toEqual([false, true]);
});
