import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLsn, parseLsn } from './lsn.ts';

test('an LSN survives the trip through its text', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lsn) => {
      expect(parseLsn(formatLsn(lsn))).toBe(lsn);
    }),
  );
});

test.each(['', '1', '1/', 'G/1', '1/2/3', '123456789/0'])('%j is not an LSN', (text) => {
  expect(() => parseLsn(text)).toThrow(RangeError);
});
