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
