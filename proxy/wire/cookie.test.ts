import { expect, test } from 'vitest';
import { cookieValue } from './cookie.ts';

test.each([
  ['sid=a', 'a'],
  ['x=1; sid=a', 'a'],
  ['x=1;sid=a; y=2', 'a'],
  ['sid=a; sid=b', 'a'],
  ['sid="a b"', 'a b'],
  ['sid=', ''],
  ['sid = a', undefined],
  ['xsid=a', undefined],
  ['x=sid=a', undefined],
  ['sidx=a', undefined],
  ['xsid=1; sid=2', '2'],
  ['SID=a', undefined],
  ['', undefined],
])('sid of “%s” is %s', (header, value) => {
  expect(cookieValue(header, 'sid')).toBe(value);
});
