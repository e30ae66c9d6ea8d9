import { expect, test } from 'vitest';
import { readFields } from './inspected-head.ts';

test.each([
  [[], false],
  [['Content-Length', '0'], false],
  [['content-length', '7'], true],
  [['Transfer-Encoding', 'chunked'], true],
  [['Content-Length', '0', 'Content-Length', '7'], true],
])('%j: a body follows: %s', (fields, expected) => {
  expect(readFields(fields).hasBody).toBe(expected);
});

test('a list that comes in parts is one list, cookies as one field', () => {
  const head = readFields([
    'Cookie',
    'a=1',
    'X-Forwarded-For',
    '1.1.1.1',
    'x-forwarded-for',
    '::1',
    'cookie',
    'b=2',
  ]);
  expect(head).toMatchObject({ cookie: 'a=1; b=2', forwardedFor: '1.1.1.1, ::1', hosts: 0, hasBody: false });
});
