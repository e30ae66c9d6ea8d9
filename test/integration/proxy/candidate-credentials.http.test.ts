/** The caller's credentials go to a candidate only where its slice says so: served, copied, or asked again. */
import { configSchema } from '@ficus/core';
import { openAsker } from '@ficus/proxy';
import { afterEach, expect, test } from 'vitest';
import { anObservation } from '../../../control/parity/observation.fixture.ts';
import { type Backend, type Rig, startBackend, startRig, until } from './rig.ts';

let rig: Rig | undefined;
const backends: Backend[] = [];
afterEach(async () => {
  await rig?.close();
  for (const backend of backends.splice(0)) await backend.close();
  rig = undefined;
});

const SENT = { cookie: 'theme=dark; sid=s1;  Sid=2; sid2=3', authorization: 'Bearer t', 'x-custom': '1' };
const REST = { cookie: 'theme=dark;  Sid=2; sid2=3', authorization: undefined, 'x-custom': '1' };

const seen = ({ requests }: Backend) => {
  const { cookie, authorization, 'x-custom': custom } = requests.at(-1)!.headers;
  return { cookie, authorization, 'x-custom': custom };
};

test.each<[string, Record<string, unknown>, object]>([
  ['by default none', {}, REST],
  ['the session', { credentials: ['session'] }, { ...SENT, authorization: undefined }],
  ['Authorization', { credentials: ['authorization'] }, { ...REST, authorization: SENT.authorization }],
  ['both', { credentials: ['authorization', 'session'] }, SENT],
])('a candidate that serves, and one that gets copies: %s', async (_, candidate, expected) => {
  rig = await startRig({ serve: 100, candidate });
  expect(await rig.get('/api/notes', SENT)).toMatchObject({ side: 'candidate' });
  expect(seen(rig.candidate)).toEqual(expected);
  await rig.get('/elsewhere', SENT);
  expect(seen(rig.legacy)).toEqual(SENT);
  await rig.close();

  rig = await startRig({ shadow: 100, candidate });
  expect(await rig.get('/api/notes', SENT)).toMatchObject({ side: 'legacy' });
  expect(seen(rig.legacy)).toEqual(SENT);
  await until(() => rig!.candidate.requests.length === 1, 'copied');
  expect(seen(rig.candidate)).toEqual(expected);
  await until(() => rig!.observations.length === 1, 'observed');
  const { requestHeaders } = rig.observations[0]!;
  // The legacy may be asked again as it was.
  expect(Object.fromEntries(requestHeaders)).toMatchObject(SENT);
});

test.each<[string, Record<string, unknown>, string | undefined]>([
  ['by default not', {}, undefined],
  ['where the slice says so', { credentials: ['session'] }, 'the-secret-of-ann'],
])('a session in a header, served and copied: %s', async (_, candidate, expected) => {
  const proxy = { identify: { session: { header: 'X-Shop-Token' } } };
  const sent = { 'x-shop-token': 'the-secret-of-ann' };
  const token = ({ requests }: Backend) => requests.at(-1)!.headers['x-shop-token'];
  rig = await startRig({ serve: 100, candidate, proxy });
  expect(await rig.get('/api/notes', sent)).toMatchObject({ side: 'candidate' });
  expect(token(rig.candidate)).toBe(expected);
  await rig.close();

  rig = await startRig({ shadow: 100, candidate, proxy });
  await rig.get('/api/notes', { ...sent, x_shop_token: 'the-secret-of-ann' });
  expect(token(rig.legacy)).toBe('the-secret-of-ann');
  await until(() => rig!.candidate.requests.length === 1, 'copied');
  expect(token(rig.candidate)).toBe(expected);
  if (expected === undefined) expect(rig.candidate.requests[0]!.headers).not.toHaveProperty('x_shop_token');
});

test('the legacy that gets copies of what the candidate serves gets everything', async () => {
  rig = await startRig({ serve: 100, shadow: 100 });
  await rig.get('/api/notes', SENT);
  await until(() => rig!.legacy.requests.length === 1, 'copied');
  expect(seen(rig.legacy)).toEqual(SENT);
  expect(seen(rig.candidate)).toEqual(REST);
});

test('a request whose only cookie is the session’s has no Cookie field there', async () => {
  rig = await startRig({ serve: 100 });
  await rig.get('/api/notes', { cookie: 'sid=s1' });
  expect(rig.candidate.requests[0]!.rawHeaders.map((name) => name.toLowerCase())).not.toContain('cookie');
});

test('a route may set a credential of the service’s own', async () => {
  const requestHeaders = { set: { authorization: 'Basic own', cookie: 'own=1' } };
  rig = await startRig({
    serve: 100,
    routes: [{ id: 'list', path: '/api/notes', rewrite: { requestHeaders } }],
  });
  await rig.get('/api/notes', SENT);
  expect(seen(rig.candidate)).toEqual({ cookie: 'own=1', authorization: 'Basic own', 'x-custom': '1' });
});

test('a candidate that is asked again by the control plane', async () => {
  const [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  backends.push(legacy, candidate);
  const asker = openAsker(
    configSchema.parse({
      version: 1,
      flags: { provider: 'file', file: 'flags.json' },
      proxy: { identify: { user: { cookie: 'sid' } } },
      legacy: { url: legacy.url },
      slices: { notes: { candidate: { url: candidate.url }, routes: [{ id: 'list', path: '/api/notes' }] } },
    }),
  );
  try {
    const asked = anObservation({ requestHeaders: Object.entries(SENT) });
    await asker.ask('candidate', asked);
    await asker.ask('legacy', asked);
    expect(seen(candidate)).toEqual(REST);
    expect(seen(legacy)).toEqual(SENT);
  } finally {
    asker.close();
  }
});
