/**
 * Fields that only a proxy can know, said by a stranger (httpoxy, CVE-2016-5385, among them): neither side sees them, on
 * no route and in no copy. From a trusted proxy both sides see them as they came, but neither in another spelling, which
 * that proxy does not replace, nor those that re-route the request (CVE-2018-14773): a load balancer passes a client's.
 */
import { afterEach, expect, test } from 'vitest';
import { type Rig, type RigOptions, startRig, until } from '../integration/proxy/rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const CLAIMED = {
  'x-real-ip': '10.0.0.1',
  'true-client-ip': '10.0.0.1',
  'client-cert': ':MIIB:',
  'x-url-scheme': 'https',
  'x-remote-user': 'admin',
  'x-sendfile-type': 'X-Accel-Redirect',
};
const NOT_A_PROXYS = {
  x_real_ip: '10.0.0.1',
  'x-original-url': '/admin',
  'x-rewrite-url': '/admin',
  'REMOTE.USER': 'admin',
  script_name: '/outside',
};
const SENT = { ...CLAIMED, ...NOT_A_PROXYS, proxy: 'http://evil.example', 'x-requested-with': 'fetch' };

/** Which of the fields the last request at each side had. */
const seen = ({ requests }: Rig['legacy']) =>
  Object.keys(SENT).filter((name) => requests.at(-1)!.headers[name.toLowerCase()] !== undefined);

async function pass(options: RigOptions): Promise<{ outside: string[]; live: string[]; copy: string[] }> {
  rig = await startRig({ shadow: 100, ...options });
  await rig.get('/outside/of/slices', SENT);
  const outside = seen(rig.legacy);
  await rig.get('/api/notes', SENT);
  await until(() => rig.candidate.requests.length === 1, 'copied');
  return { outside, live: seen(rig.legacy), copy: seen(rig.candidate) };
}

test('a stranger’s claims go to neither side, and the log says once how to trust a proxy', async () => {
  const plain = ['x-requested-with'];
  expect(await pass({})).toEqual({ outside: plain, live: plain, copy: plain });
  await rig.get('/api/notes', { 'x-forwarded-for': '10.0.0.1' });
  const hints = rig.logs.filter(({ msg }) => /proxy\.trustedProxies/.test(String(msg)));
  expect(hints).toMatchObject([{ peer: '127.0.0.1', field: 'x-real-ip' }]);
});

test.each(['x-forwarded-for', 'X-Forwarded-Port', 'Front-End-Https', 'client_ip', 'X-Rewrite-URL'])(
  'the log says so for %s',
  async (field) => {
    rig = await startRig({});
    const hints = () => rig.logs.filter(({ msg }) => /proxy\.trustedProxies/.test(String(msg)));
    await rig.get('/api/notes', { proxy: 'http://evil.example', 'x-requested-with': 'fetch' });
    expect(hints()).toEqual([]);
    for (let i = 0; i < 3; i += 1) await rig.get('/api/notes', { [field]: '443' });
    expect(hints()).toMatchObject([{ peer: '127.0.0.1', field }]);
  },
);

test('a trusted proxy’s go to both, all but Proxy, other spellings and what re-routes', async () => {
  const all = [...Object.keys(CLAIMED), 'x-requested-with'];
  expect(await pass({ proxy: { trustedProxies: ['127.0.0.0/8'] } })).toEqual({
    outside: all,
    live: all,
    copy: all,
  });
  await rig.get('/api/notes', { 'x-forwarded-for': '203.0.113.9' });
  expect(rig.logs.filter(({ msg }) => /trustedProxies/.test(String(msg)))).toEqual([]);
  const removed = rig.logs.filter(({ msg }) => /proxy\.passFields/.test(String(msg)));
  expect(removed).toMatchObject([{ peer: '127.0.0.1', field: 'x-original-url' }]);
});

test('a field that names the user passes from any peer where the config reads it from any', async () => {
  const identify = { user: { header: 'x-remote-user', introspect: '/whoami' } };
  rig = await startRig({ proxy: { identify } });
  await rig.get('/api/notes', SENT);
  expect(seen(rig.legacy)).toEqual(['x-remote-user', 'x-requested-with']);
});

test('a field that re-routes goes to both where the config says that the trusted proxies answer for it', async () => {
  const all = [...Object.keys(CLAIMED), 'x-rewrite-url', 'x-requested-with'];
  const proxy = { trustedProxies: ['127.0.0.0/8'], passFields: ['x-rewrite-url' as const] };
  expect(await pass({ proxy })).toEqual({ outside: all, live: all, copy: all });
});
