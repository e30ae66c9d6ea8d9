/** The route condition `clientAddress` from a client's view: no client can claim a foreign address. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rig, type RigOptions, startRig } from './rig.ts';

const OFFICE: RigOptions = {
  serve: 100,
  routes: [{ id: 'office', path: '/api/notes', clientAddress: ['10.0.0.0/8', '2001:db8::/32'] }],
};

let direct: Rig;
let behindProxy: Rig;
beforeAll(async () => {
  direct = await startRig(OFFICE);
  behindProxy = await startRig({ ...OFFICE, proxy: { trustedProxies: ['127.0.0.1', '192.0.2.0/24'] } });
});
afterAll(() => Promise.all([direct.close(), behindProxy.close()]));

test('an untrusted peer cannot claim an address', async () => {
  const claimed = await direct.get('/api/notes', { 'x-forwarded-for': '10.1.2.3' });
  expect(claimed).toMatchObject({ side: 'legacy', reason: 'no-route' });
});

test.each([
  ['10.1.2.3', 'candidate'],
  ['2001:db8::1', 'candidate'],
  ['[2001:db8::1]:4711', 'candidate'],
  ['10.1.2.3, 192.0.2.1', 'candidate'],
  ['10.1.2.3, 203.0.113.9', 'legacy'],
  ['203.0.113.9', 'legacy'],
  ['unknown', 'legacy'],
])('behind a trusted proxy that sends X-Forwarded-For: %s, the %s serves', async (forwardedFor, side) => {
  expect(await behindProxy.get('/api/notes', { 'x-forwarded-for': forwardedFor })).toMatchObject({ side });
});

test('behind a trusted proxy without X-Forwarded-For, the proxy is the client', async () => {
  expect(await behindProxy.get('/api/notes')).toMatchObject({ side: 'legacy', reason: 'no-route' });
});
