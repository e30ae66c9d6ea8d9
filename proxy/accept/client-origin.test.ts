import { expect, test } from 'vitest';
import { NetworkList } from '../wire/network-list.ts';
import { clientOrigin, clientPort } from './client-origin.ts';
import { type InspectedHead, readFields } from './inspected-head.ts';

const headOf = (fields: Readonly<Record<string, string>>, isTrusted = true): InspectedHead => {
  const head = readFields(Object.entries({ Host: 'inner:8080', ...fields }).flat());
  head.setPeer('10.0.0.1', new NetworkList(isTrusted ? ['10.0.0.1'] : []));
  return head;
};
const originOf = (...of: Parameters<typeof headOf>): string => {
  const { scheme, authority, prefix } = clientOrigin(headOf(...of));
  return `${scheme === undefined ? '' : `${scheme}:`}//${authority}${prefix}`;
};
const [HOST, PROTO, PORT, PREFIX] = ['Host', 'Proto', 'Port', 'Prefix'].map(
  (name) => `X-Forwarded-${name}`,
) as [string, string, string, string];

test.each([
  ['nothing forwarded', {}, '//inner:8080'],
  ['a host and a scheme', { [HOST]: 'shop.example', [PROTO]: 'https' }, 'https://shop.example'],
  ['lists', { [HOST]: 'shop.example , edge', [PROTO]: 'https,http' }, 'https://shop.example'],
  ['a list that begins with http', { [HOST]: 'shop.example', [PROTO]: 'http, https' }, 'http://shop.example'],
  ['capitals', { [HOST]: 'shop.example', [PROTO]: 'HttpS' }, 'https://shop.example'],
  ['a scheme that is none', { [HOST]: 'shop.example', [PROTO]: 'javascript' }, '//shop.example'],
  ['an empty host', { [HOST]: ', edge', [PROTO]: 'https' }, 'https://inner:8080'],
  ['the default port', { [HOST]: 'shop.example', [PROTO]: 'https', [PORT]: '443' }, 'https://shop.example'],
  [
    'another port',
    { [HOST]: 'shop.example', [PROTO]: 'https', [PORT]: '8443, 80' },
    'https://shop.example:8443',
  ],
  ['a port that the host has', { [HOST]: 'shop.example:9', [PORT]: '8443' }, '//shop.example:9'],
  ['an IPv6 address', { [HOST]: '[2001:db8::1]', [PORT]: '8080' }, '//[2001:db8::1]:8080'],
  ['a port that is none', { [HOST]: 'shop.example', [PORT]: '8@evil' }, '//shop.example'],
  ...['user@shop.example', 'shop.example/..', 'shop.example?', 'a b', '"><script>', 'h\tx'].map(
    (host): [string, Record<string, string>, string] => [
      `a host that is none: ${host}`,
      { [HOST]: host, [PROTO]: 'https' },
      'https://inner:8080',
    ],
  ),
  ['prefixes', { [HOST]: 'shop.example', [PREFIX]: '/a/, /b' }, '//shop.example/a/b'],
  ['a prefix that names a host', { [HOST]: 'shop.example', [PREFIX]: '//evil' }, '//shop.example'],
])('%s', (_, fields, origin) => {
  expect(originOf(fields)).toBe(origin);
});

test('only trusted proxies are believed', () => {
  const claims = { [HOST]: 'evil.example', [PROTO]: 'https', [PORT]: '1', [PREFIX]: '/x' };
  expect(originOf(claims, false)).toBe('//inner:8080');
});

test.each([
  ['the one that it names', {}, true, '8080'],
  ['that of an IPv6 address', { [HOST]: '[2001:db8::1]:81' }, true, '81'],
  ['none: the scheme’s', { [HOST]: '[2001:db8::1]', [PROTO]: 'https' }, true, '443'],
  ['that of a trusted proxy', { [PORT]: '8443, 80' }, true, '8443'],
  ['not that of another peer', { [PORT]: '8443' }, false, '8080'],
  ['none, after a colon', { Host: 'shop:' }, false, '80'],
])('the client’s port is %s', (_, fields, isTrusted, port) => {
  expect(clientPort(headOf(fields, isTrusted))).toBe(port);
});
