import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLongestGap, longestGap } from './longest-gap.ts';

const WINDOW = { from: 1_000, to: 2_000 };
const answered = (...ends: number[]) => ends.map((endedAt) => ({ dueAt: endedAt - 5, endedAt, failure: '' }));

describe('longestGap', () => {
  test('is the longest time between two answers, in whatever order they were recorded', () => {
    expect(longestGap(answered(1_900, 1_100, 1_400, 1_200, 1_800), WINDOW)).toBe(400);
  });

  test('is found where it lies', () => {
    expect(findLongestGap(answered(1_900, 1_100, 1_400, 1_800), WINDOW)).toEqual({ from: 1_400, to: 1_800 });
  });

  test('begins and ends at the edges of the window', () => {
    expect(longestGap(answered(1_600), WINDOW)).toBe(600);
    expect(longestGap(answered(1_300), WINDOW)).toBe(700);
  });

  test('is the whole window when nothing was answered in it', () => {
    expect(longestGap(answered(900, 2_100), WINDOW)).toBe(1_000);
  });

  test('a failure is no sign of life', () => {
    const failed = { dueAt: 1_490, endedAt: 1_500, failure: 'status 503' };
    expect(longestGap([...answered(1_100, 1_900), failed], WINDOW)).toBe(800);
  });

  test('a further answer never makes it longer, and it never exceeds the window', () => {
    const ends = fc.array(fc.integer({ min: 500, max: 2_500 }));
    fc.assert(
      fc.property(ends, fc.integer({ min: 500, max: 2_500 }), (some, further) => {
        const gap = longestGap(answered(...some), WINDOW);
        expect(gap).toBeLessThanOrEqual(1_000);
        expect(longestGap(answered(...some, further), WINDOW)).toBeLessThanOrEqual(gap);
      }),
    );
  });
});
