import { expect, test } from 'vitest';
import { cookieValue, cookieValues, withoutCookies } from './cookie.ts';

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

test.each<[string, string[]]>([
  ['sid=a', ['a']],
  ['sid=a; x=1;sid="b"; sid=', ['a', 'b', '']],
  ['sid=sid=a; xsid=b; sid=a', ['sid=a', 'a']],
  ['xsid=a; sid', []],
])('all of “%s” named sid are %j', (header, values) => {
  expect(cookieValues(header, 'sid')).toEqual(values);
});

test.each([
  ['sid=a', ''],
  ['x=1; sid=a', 'x=1'],
  ['sid=a; x=1', 'x=1'],
  ['x=1;sid=a;y=2', 'x=1;y=2'],
  ['x=1;  sid=a;   y="2 3"', 'x=1;   y="2 3"'],
  ['sid=a; sid=b; key=c', ''],
  ['sid = a; x=1', 'x=1'],
  ['sid; x=1', 'x=1'],
  ['xsid=a; sidx=b; SID=c; x=sid', 'xsid=a; sidx=b; SID=c; x=sid'],
  ['x=1 ;y=2', 'x=1 ;y=2'],
])('“%s” without sid and key is “%s”', (header, rest) => {
  expect(withoutCookies(header, ['sid', 'key'])).toBe(rest);
});
