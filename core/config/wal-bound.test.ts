import { expect, test } from 'vitest';
import { isWalBound, readWalBound } from './wal-bound.ts';

test.each(['1MB', '20GB', '1.5 TB', 'unlimited'])('%s is a bound', (text) => {
  expect(isWalBound(text)).toBe(true);
});

test.each(['', '20', '0GB', '-1', '20 gb', 'none', '20GB or so'])('“%s” is none', (text) => {
  expect(isWalBound(text)).toBe(false);
});

test('without a bound of the server there is one by default', () => {
  expect(readWalBound(undefined, '-1')).toBe(20 * 1024 ** 3);
});

test('the server’s own bound replaces the default, not one that is configured', () => {
  expect(readWalBound(undefined, '100GB')).toBe(undefined);
  expect(readWalBound('5GB', '100GB')).toBe(5 * 1024 ** 3);
});

test('unlimited is a choice that one can make', () => {
  expect(readWalBound('unlimited', '-1')).toBe(undefined);
});
