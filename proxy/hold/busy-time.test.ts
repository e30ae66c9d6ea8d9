import type { BusyInterval } from '@ficus/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUSY_GAP_MS, mergeBusy } from './busy-time.ts';

test('closer intervals are one, others stay apart', () => {
  expect(
    mergeBusy([
      [100, 120],
      [300, 310],
      [0, 60],
      [311, 400],
      [310 + BUSY_GAP_MS, 500],
    ]),
  ).toEqual([
    [0, 120],
    [300, 500],
  ]);
  expect(
    mergeBusy([
      [0, 10],
      [10 + BUSY_GAP_MS, 70],
    ]),
  ).toHaveLength(2);
});

test('whatever was busy stays covered, in order, and in bounded room', () => {
  const interval = fc
    .tuple(fc.nat(100_000), fc.nat(300))
    .map(([from, length]): BusyInterval => [from, from + length]);
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 60 }), (intervals) => {
      const merged = mergeBusy(intervals, 5);
      expect(merged.length).toBeLessThanOrEqual(5);
      for (const [from, to] of intervals)
        expect(merged.some(([begin, end]) => begin <= from && to <= end)).toBe(true);
      for (const [at, [from]] of merged.slice(1).entries()) expect(from).toBeGreaterThan(merged[at]![1]);
    }),
  );
});
