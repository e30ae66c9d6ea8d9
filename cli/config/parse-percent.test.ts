import { expect, test } from 'vitest';
import { parsePercent } from './parse-percent.ts';

test.each([
  ['0', 0],
  ['7%', 7],
  ['100', 100],
])('%s is %d', (text, percent) => {
  expect(parsePercent(text)).toBe(percent);
});

test.each(['0.5', '0,5', '12.5%', '99.9'])('%s is refused with the reason', (text) => {
  expect(() => parsePercent(text)).toThrow(/one of 100 parts, so a fraction of a percent moves no user/);
});

test.each(['101', '-1', '', 'half', '1e1', '5 %'])('“%s” is no percentage', (text) => {
  expect(() => parsePercent(text)).toThrow('It must be a whole number from 0 to 100.');
});
