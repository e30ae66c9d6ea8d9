import { expect, test } from 'vitest';
import { copyPercent, copyTimeLeftMs } from './copy-progress.ts';

const progress = (rowsCopied: number, rowsTotal: number, rowsPerSecond = 100, done = false) => ({
  rowsCopied,
  rowsTotal,
  rowsPerSecond,
  done,
});

test('percent: of an estimate, and 100 only when it is done', () => {
  expect(copyPercent(progress(0, 0))).toBe(0);
  expect(copyPercent(progress(333, 1000))).toBe(33.3);
  expect(copyPercent(progress(1200, 1000))).toBe(99.9);
  expect(copyPercent(progress(990, 1000, 0, true))).toBe(100);
});

test('time left: at the current rate, unknown without one', () => {
  expect(copyTimeLeftMs(progress(500, 1000))).toBe(5000);
  expect(copyTimeLeftMs(progress(1200, 1000))).toBe(0);
  expect(copyTimeLeftMs(progress(0, 1000, 0))).toBeNull();
  expect(copyTimeLeftMs(progress(0, 1000, 0, true))).toBe(0);
});
