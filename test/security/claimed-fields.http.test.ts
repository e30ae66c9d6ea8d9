/**
 * Fields that only a proxy can know, said by a stranger (httpoxy, CVE-2016-5385, among them): neither side sees them, on
 * no route and in no copy. From a trusted proxy both sides see them as they came.
 */
import { afterEach, expect, test } from 'vitest';
import { type Rig, type RigOptions, startRig, until } from '../integration/proxy/rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const CLAIMED = {
  'x-real-ip': '10.0.0.1',
  'true-client-ip': '10.0.0.1',
  'x-original-url': '/admin',
  'x-rewrite-url': '/admin',
  'client-cert': ':MIIB:',
  x_real_ip: '10.0.0.1',
};
const SENT = { ...CLAIMED, proxy: 'http://evil.example', 'x-requested-with': 'fetch' };

/** Which of the fields the last request at each side had. */
const seen = ({ requests }: Rig['legacy']) =>
  Object.keys(SENT).filter((name) => requests.at(-1)!.headers[name] !== undefined);

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
  const hints = () => rig.logs.filter(({ msg }) => /proxy\.trustedProxies/.test(String(msg)));
  expect(hints()).toEqual([]);
  for (let i = 0; i < 3; i += 1) await rig.get('/api/notes', { 'x-forwarded-for': '10.0.0.1' });
  expect(hints()).toMatchObject([{ peer: '127.0.0.1' }]);
});

test('a trusted proxy’s go to both, all but Proxy', async () => {
  const all = Object.keys(SENT).filter((name) => name !== 'proxy');
  expect(await pass({ proxy: { trustedProxies: ['127.0.0.0/8'] } })).toEqual({
    outside: all,
    live: all,
    copy: all,
  });
  await rig.get('/api/notes', { 'x-forwarded-for': '203.0.113.9' });
  expect(rig.logs.filter(({ msg }) => /trustedProxies/.test(String(msg)))).toEqual([]);
});
