import { expect, test } from 'vitest';
import { formatMs } from './format-ms.ts';

test.each([
  [0, '0.0 ms'],
  [3.44, '3.4 ms'],
  [9.96, '10 ms'],
  [43.2, '43 ms'],
  [999.6, '1.00 s'],
  [1_250, '1.25 s'],
  [59_000, '59.00 s'],
  [720_000, '12 min'],
])('%d: %s', (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});
