import { formatDuration } from '@ficus/core';
import { expect, test } from 'vitest';
import { formatCopy } from './format-copy.ts';

test('a running copy says how much, how fast and how long', () => {
  const copy = { rowsCopied: 1200, rowsTotal: 5000, rowsPerSecond: 400.4, percent: 24, done: false };
  expect(formatCopy({ ...copy, timeLeftMs: 9500 })).toBe(
    '1,200 of about 5,000 rows, 400 a second, 10 s left',
  );
  expect(formatCopy({ ...copy, timeLeftMs: null })).toBe('1,200 of about 5,000 rows, 400 a second');
});

test('durations use the natural unit', () => {
  expect([0, 900, 119_000, 125_000, 7_200_000, 12_000_000].map(formatDuration)).toEqual([
    '0 s',
    '1 s',
    '119 s',
    '2 min',
    '2 h 0 min',
    '3 h 20 min',
  ]);
});
