import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { guardedHeaders, RemovedByPeer } from './removed-by-peer.ts';

const identify = configSchema.parse({
  version: 1,
  legacy: { url: 'http://127.0.0.1:3000' },
  proxy: {
    identify: {
      user: { header: 'X-Login', trustedFrom: ['10.0.0.0/8'] },
      tenant: { header: 'x_realm', trustedFrom: ['10.1.0.0/16', 'fd00::/8'] },
      session: { header: 'authorization', introspect: '/me', trustedFrom: ['10.0.0.0/8'] },
    },
  },
}).proxy.identify;

const removed = new RemovedByPeer({ names: ['forwarded'], guarded: guardedHeaders(identify), routing: [] });
const kept = (peer: string, fromTrustedProxy = false) =>
  ['X-Login', 'x_login', 'x_realm', 'X-Realm', 'Authorization', 'Forwarded', 'X-Forwarded-For'].filter(
    (name) => !removed.for({ peer, fromTrustedProxy }).has(name),
  );

test('a header that names the caller passes from its own peers alone, and only as the config spells it', () => {
  expect(kept('203.0.113.7')).toEqual(['Authorization']);
  expect(kept('10.2.0.1')).toEqual(['X-Login', 'Authorization']);
  expect(kept('10.1.0.1')).toEqual(['X-Login', 'x_realm', 'Authorization']);
  expect(kept('fd00::1')).toEqual(['x_realm', 'Authorization']);
});

test('a proxy that may say X-Forwarded-* may not name callers for that', () => {
  expect(kept('203.0.113.7', true)).toEqual(['Authorization', 'X-Forwarded-For']);
});

test('a route removes further fields, and guards the same', () => {
  const more = removed.with(['x-login']).for({ peer: '10.1.0.1', fromTrustedProxy: false });
  expect(['X-Login', 'x_realm', 'Forwarded'].map((name) => more.has(name))).toEqual([true, false, true]);
});

const CLAIMS = [
  'X-Real-IP',
  'True-Client-Ip',
  'CF-Connecting-IP',
  'Client-IP',
  'WL-Proxy-Client-IP',
  'Front-End-Https',
  'X-Scheme',
  'SSL-Client-Cert',
];
const RESPELLED = [
  'x_real_ip',
  'X_Real-IP',
  'ssl_client_cert',
  'HTTP_CLIENT_IP',
  'X_Forwarded_For',
  'X.Real.IP',
  'Client.Cert',
  'X-Forwarded.For',
  'X~Ficus~Identity',
];
const ROUTING = [
  'X-Original-URL',
  'x-original-uri',
  'X-Rewrite-Url',
  'SCRIPT_NAME',
  'X-Script-Name',
  'X.Original.URL',
  'Script.Name',
];
const ORDINARY = [
  'X-Real',
  'X-Requested-With',
  'Client',
  'X-Request-Id',
  'Accept',
  'User-Agent',
  'True-Client-Id',
  'X.Requested.With',
  'Client.Id',
  'Sec-CH-UA!',
];

test('each character that PHP and CGI servers read as an underscore is one spelling more', () => {
  const plain = new RemovedByPeer({ names: ['_login'], guarded: guardedHeaders(identify), routing: [] });
  const removedNow = plain.for({ peer: '203.0.113.7', fromTrustedProxy: false });
  for (const mark of "!#$%&'*+-.^_`|~")
    for (const name of [
      'x-login',
      'X-Realm',
      '-login',
      'client-cert',
      'X-Ficus-Identity',
      'X-Forwarded-For',
      'SCRIPT-NAME',
    ])
      expect(removedNow.has(name.replaceAll('-', mark)), name.replaceAll('-', mark)).toBe(true);
});

test('what only a proxy can know passes from a trusted one, and in no spelling from others', () => {
  const plain = new RemovedByPeer({ names: [], guarded: [], routing: [] });
  const keptBy = (fromTrustedProxy: boolean) => {
    const removedNow = plain.for({ peer: '203.0.113.7', fromTrustedProxy });
    return [...CLAIMS, ...RESPELLED, ...ROUTING, ...ORDINARY].filter((name) => !removedNow.has(name));
  };
  expect(keptBy(false)).toEqual(ORDINARY);
  expect(keptBy(true)).toEqual([...CLAIMS, ...ORDINARY]);
});

test('a field that re-routes passes from a trusted proxy alone, where the config names it, and only so spelled', () => {
  const routing = ['x-original-url', 'script_name'];
  const some = new RemovedByPeer({ names: [], guarded: [], routing });
  const sent = [...ROUTING, 'X_Original_URL', 'Script-Name'];
  const keptBy = (fromTrustedProxy: boolean) => {
    const removedNow = some.for({ peer: '203.0.113.7', fromTrustedProxy });
    return sent.filter((name) => !removedNow.has(name));
  };
  expect(keptBy(false)).toEqual([]);
  expect(keptBy(true)).toEqual(['X-Original-URL', 'SCRIPT_NAME']);
});

test('Proxy, which CGI programs read as a setting of their own, passes from no peer', () => {
  const plain = new RemovedByPeer({ names: [], guarded: [], routing: [] });
  for (const fromTrustedProxy of [true, false])
    expect(plain.for({ peer: '::1', fromTrustedProxy }).has('Proxy')).toBe(true);
});

test('a header that names the caller passes from its own peers, though only a proxy can know it', () => {
  const header = 'ssl-client-subject-dn';
  const { identify: named } = configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:3000' },
    proxy: { identify: { user: { header, trustedFrom: ['10.0.0.0/8'] } } },
  }).proxy;
  const guarded = new RemovedByPeer({ names: [], guarded: guardedHeaders(named), routing: [] });
  expect(guarded.for({ peer: '10.0.0.1', fromTrustedProxy: false }).has(header)).toBe(false);
  expect(guarded.for({ peer: '10.0.0.1', fromTrustedProxy: false }).has('x-real-ip')).toBe(true);
  expect(guarded.for({ peer: '203.0.113.7', fromTrustedProxy: true }).has(header)).toBe(true);
});
