import { expect, test } from 'vitest';
import { isErrorCode, readErrorCode } from './catalogue.ts';

test('reads the codes of the catalogue', () => {
  expect(isErrorCode('FICUS_PORT_TAKEN')).toBe(true);
  expect(readErrorCode('FICUS_PORT_TAKEN')).toBe('FICUS_PORT_TAKEN');
});

test.each(['FICUS_OF_A_LATER_VERSION', '', 'toString', 'constructor', '__proto__'])(
  '%j is no error code: it is read as FICUS_INTERNAL',
  (code) => {
    expect(isErrorCode(code)).toBe(false);
    expect(readErrorCode(code)).toBe('FICUS_INTERNAL');
  },
);
