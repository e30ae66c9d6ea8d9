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

const removed = new RemovedByPeer(['forwarded'], guardedHeaders(identify));
const kept = (peer: string, fromTrustedProxy = false) =>
  ['X-Login', 'x_login', 'x_realm', 'X-Realm', 'Authorization', 'Forwarded', 'X-Forwarded-For'].filter(
    (name) => !removed.for({ peer, fromTrustedProxy }).has(name),
  );

test('a header that names the caller passes from its own peers alone, in no spelling from others', () => {
  expect(kept('203.0.113.7')).toEqual(['Authorization']);
  expect(kept('10.2.0.1')).toEqual(['X-Login', 'x_login', 'Authorization']);
  expect(kept('10.1.0.1')).toEqual(['X-Login', 'x_login', 'x_realm', 'X-Realm', 'Authorization']);
  expect(kept('fd00::1')).toEqual(['x_realm', 'X-Realm', 'Authorization']);
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
  'x_real_ip',
  'True-Client-Ip',
  'CF-Connecting-IP',
  'Client-IP',
  'X-Original-URL',
  'X-Rewrite-Url',
  'SSL-Client-Cert',
  'ssl_client_cert',
];
const ORDINARY = [
  'X-Real',
  'X-Requested-With',
  'Client',
  'X-Request-Id',
  'Accept',
  'User-Agent',
  'True-Client-Id',
];

test('what only a proxy can know passes from a trusted one, and in no spelling from others', () => {
  const plain = new RemovedByPeer([], []);
  const keptBy = (fromTrustedProxy: boolean) => {
    const removedNow = plain.for({ peer: '203.0.113.7', fromTrustedProxy });
    return [...CLAIMS, ...ORDINARY].filter((name) => !removedNow.has(name));
  };
  expect(keptBy(false)).toEqual(ORDINARY);
  expect(keptBy(true)).toEqual([...CLAIMS, ...ORDINARY]);
});

test('Proxy, which CGI programs read as a setting of their own, passes from no peer', () => {
  const plain = new RemovedByPeer([], []);
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
  const guarded = new RemovedByPeer([], guardedHeaders(named));
  expect(guarded.for({ peer: '10.0.0.1', fromTrustedProxy: false }).has(header)).toBe(false);
  expect(guarded.for({ peer: '10.0.0.1', fromTrustedProxy: false }).has('x-real-ip')).toBe(true);
  expect(guarded.for({ peer: '203.0.113.7', fromTrustedProxy: true }).has(header)).toBe(true);
});
