import { expect, test } from 'vitest';
import { hasCredentials, hideCredentials, withoutCredentials } from './url-credentials.ts';

test.each([
  ['http://ida:hunter2@h:3000', 'http://h:3000'],
  ['http://ida@h/base/', 'http://h/base/'],
  ['http://ida:hunter2@h/', 'http://h/'],
  ['https://h/x?mail=a@b', 'https://h/x?mail=a@b'],
  ['http://h', 'http://h'],
  ['//ida:hun@ter2@h', 'h'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutCredentials(url)).toBe(shown);
});

test.each([
  ['http://ida:hunter2@h', true],
  ['http://ida@h', true],
  ['http://h/@x', false],
  ['nothing', false],
])('%s has credentials: %s', (url, expected) => {
  expect(hasCredentials(url)).toBe(expected);
});

test('a text is shown without the credentials of all its URLs', () => {
  expect(hideCredentials('from postgres://a:p%40@h/x to http://b:q@r@k, not a@b')).toBe(
    'from postgres://h/x to http://k, not a@b',
  );
});
