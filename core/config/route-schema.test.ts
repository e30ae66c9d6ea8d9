/** What a rewrite may do to the fields of a message, and not: a response without its length runs into the next one. */
import { expect, test } from 'vitest';
import { rewriteSchema } from './route-schema.ts';

const problems = (rewrite: object) =>
  rewriteSchema.safeParse(rewrite).error?.issues.map(({ message }) => message) ?? [];

test.each(['Transfer-Encoding', 'content-length', 'connection', 'upgrade', 'expect', 'te', 'trailer'])(
  '%s stays the proxy’s own',
  (name) => {
    for (const part of ['requestHeaders', 'responseHeaders']) {
      expect(problems({ [part]: { remove: [name] } })).toEqual([
        expect.stringMatching(/^belongs to the connection/),
      ]);
      expect(problems({ [part]: { set: { [name]: '1' } } })).toHaveLength(1);
    }
  },
);

test('a request’s Host may be another, and not none', () => {
  expect(problems({ requestHeaders: { set: { host: 'inner.example' } } })).toEqual([]);
  expect(problems({ requestHeaders: { remove: ['Host'] } })).toEqual(['every request needs it']);
});

test('what only the proxy vouches for is set by the proxy alone', () => {
  for (const part of ['requestHeaders', 'responseHeaders']) {
    expect(problems({ [part]: { set: { 'X-Ficus-Side': '1' } } })).toHaveLength(1);
    expect(problems({ [part]: { remove: ['x-ficus-side'] } })).toEqual([]);
  }
  expect(problems({ requestHeaders: { set: { Via: '1.1 us' } } })).toHaveLength(1);
});

test.each(['/a; Domain=evil', '/a\r\nX: y'])('%j is no value of a cookie’s attribute', (value) => {
  for (const name of ['cookiePath', 'cookieDomain'])
    expect(problems({ [name]: { '/': value, 'a.example': '', '/ö': '/a b' } })).toEqual([
      'is no value of a cookie’s attribute',
    ]);
});

test.each([
  ...['/..', '/a/../b', '/.', '//evil', '/a//b', '/a//', '/%2e%2E/a', '/a%2f..', '/a/..;x', '/a%5C..%2Fb'],
  ...['/a?b', '/a#b', '/a b', '/a\\b', '/%zz', '/%00', '/ö', '/a\n'],
])('%j is no prefix of a path', (prefix) => {
  for (const name of ['addPrefix', 'stripPrefix'])
    expect(problems({ [name]: prefix })).toEqual([expect.stringMatching(/^is no clean path/)]);
});

test.each(['/', '/v2', '/v2/inbox/', '/v2;v=1', '/a%20b/%C3%B6', '/~me/.well-known/...', '/:id/(x)*'])(
  '%j is one',
  (prefix) => {
    for (const name of ['addPrefix', 'stripPrefix']) expect(problems({ [name]: prefix })).toEqual([]);
  },
);
