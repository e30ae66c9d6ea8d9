/** Where monoliths name their users: in nested answers and claims, and in tokens that a cookie carries. */
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const SECRET = 'what the issuer shares with the shop';
const ASSERT = { secret: 'what the shop and its services share' };
const token = (claims: Record<string, unknown>) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(SECRET));

const start = (sources: object) =>
  startRig({ serve: 100, proxy: { identify: { ...sources, jwt: { secret: SECRET }, assert: ASSERT } } });

/** What the candidate was told of the caller; undefined when the legacy served. */
async function told(headers: Record<string, string>): Promise<object | undefined> {
  const before = rig.candidate.requests.length;
  await rig.get('/api/notes', headers);
  const request = rig.candidate.requests[before];
  if (request === undefined) return undefined;
  const assertion = request.headers['x-ficus-identity'] as string | undefined;
  const claims = assertion && JSON.parse(Buffer.from(assertion.split('.')[1]!, 'base64url').toString());
  return claims ? { sub: claims.sub, tenant: claims.tenant } : {};
}
const problems = () => rig.logs.filter(({ msg }) => msg === 'callers cannot be identified');

describe('a token', () => {
  test.each<[string, object, (text: string) => Record<string, string>]>([
    ['in a cookie', { cookie: 'access' }, (text) => ({ cookie: `theme=dark; access=${text}` })],
    ['in a header', { header: 'x-token' }, (text) => ({ 'x-token': text })],
    ['in a header, with its scheme', { header: 'x-token' }, (text) => ({ 'x-token': `Bearer ${text}` })],
    ['in Authorization', {}, (text) => ({ authorization: `Bearer ${text}` })],
  ])('%s is verified, and its nested claims are read', async (_, where, carry) => {
    const claim = 'https://shop.example/claims.org';
    rig = await start({ user: { ...where, jwtClaim: 'account.id' }, tenant: { ...where, jwtClaim: claim } });
    const good = await token({ account: { id: 7 }, 'https://shop.example/claims': { org: 'blue' } });
    expect(await told(carry(good))).toEqual({ sub: '7', tenant: 'blue' });
    const forged = `${good.slice(0, -8)}AAAAAAAA`;
    expect(await told(carry(forged))).toEqual({});
    expect(await told({})).toEqual({});
    expect(problems()).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['in Authorization', { jwtClaim: 'sub' }, 'Authorization'],
    ['in a header', { header: 'x-token', jwtClaim: 'sub' }, 'X-Token'],
    ['in a header, of a session', { header: 'authorization', introspect: '/me' }, 'authorization'],
  ])(
    '%s that comes twice is nobody’s: servers take the first, the last, or both as one',
    async (_, user, name) => {
      rig = await start({ user });
      const texts = await Promise.all(['ann', 'bob'].map((sub) => token({ sub })));
      const fields = texts.map((text) => `${name}: Bearer ${text}\r\n`).join('');
      const head = `GET /api/notes HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`;
      expect(await sendRaw(rig.url, head)).toContain('x-ficus-reason: caller-unknown');
      expect(rig.candidate.requests).toEqual([]);
      // Both reach the monolith, as without the proxy, and nothing else of it is asked.
      expect(rig.legacy.requests.map(({ url }) => url)).toEqual(['/api/notes']);
      expect(rig.legacy.requests[0]!.rawHeaders.filter((text) => text.startsWith('Bearer '))).toHaveLength(2);
    },
  );

  test('without the claim leaves its caller to the legacy, and the log says so once', async () => {
    rig = await start({ user: { jwtClaim: 'account.id' } });
    const authorization = `Bearer ${await token({ sub: 'ann', account: { uuid: 'u' } })}`;
    for (let turn = 0; turn < 5; turn += 1) expect(await told({ authorization })).toBeUndefined();
    expect(problems()).toEqual([
      expect.objectContaining({
        source: 'user',
        reason: 'a valid token has no claim account.id',
        seen: 'sub, account, exp',
      }),
    ]);
    const counted = 'ficus_identity_problems_total{source="user"} 5';
    await until(async () => (await rig.metrics()).includes(counted), 'counted');
  });

  test('with an id that was rounded names no user', async () => {
    rig = await start({ user: { jwtClaim: 'id' } });
    expect(await told({ authorization: `Bearer ${await token({ id: 2 ** 60 })}` })).toBeUndefined();
    expect(await told({ authorization: `Bearer ${await token({ id: 2 ** 50 })}` })).toMatchObject({
      sub: String(2 ** 50),
    });
  });
});

test('of several cookies of one name the first counts: browsers send those of a parent path or domain as well', async () => {
  rig = await start({ user: { cookie: 'shop', introspect: '/me' } });
  rig.legacy.handler = (_, response) => void response.end('{"user":"ann"}');
  const answer = await rig.get('/api/notes', { cookie: 'shop=a; x=1; shop=b' });
  expect(answer).toMatchObject({ side: 'candidate', reason: 'serve-flag-on' });
  expect(rig.legacy.requests.map(({ url, headers }) => [url, headers.cookie])).toEqual([['/me', 'shop=a']]);
});

describe('an answer of the legacy', () => {
  const whoami = (document: unknown) => {
    rig.legacy.handler = (_, response) => void response.end(JSON.stringify(document));
  };
  const headers = { cookie: 'connect.sid=s%3Asecret' };
  const asked = { cookie: 'connect.sid', introspect: '/users/me' };
  const questions = () => rig.legacy.requests.filter(({ url }) => url === '/users/me');

  test('is read where the config says, with one question for all', async () => {
    rig = await start({ user: { ...asked, field: 'data.id' }, tenant: { ...asked, field: 'data.role.org' } });
    whoami({ data: { id: 'e2f1', email: 'ann@example.org', role: { org: 'blue' } } });
    expect(await told(headers)).toEqual({ sub: 'e2f1', tenant: 'blue' });
    expect(await told(headers)).toEqual({ sub: 'e2f1', tenant: 'blue' });
    expect(questions()).toHaveLength(1);
    expect(questions()[0]!.headers.cookie).toBe('connect.sid=s%3Asecret');
  });

  test('that names a guest is of a guest', async () => {
    rig = await start({ user: { ...asked, field: 'data.id' } });
    whoami({ data: null });
    expect(await told(headers)).toEqual({});
    expect(problems()).toEqual([]);
  });

  test('without a name there leaves its caller to the legacy, and the log says so once', async () => {
    rig = await start({ user: asked });
    whoami({ data: { id: 'e2f1' }, meta: {} });
    for (let turn = 0; turn < 3; turn += 1) expect(await told(headers)).toBeUndefined();
    expect(await told({ cookie: 'connect.sid=other' })).toBeUndefined();
    expect(problems()).toEqual([
      expect.objectContaining({
        source: 'user',
        reason:
          '/users/me answered 200 without user: the session belongs to no user, or `field` is not where the answer names one',
        seen: 'data, meta',
      }),
    ]);
    const counted = 'ficus_introspections_total{outcome="unnamed"} 2';
    await until(async () => (await rig.metrics()).includes(counted), 'counted');
  });

  test('that is a page is named for what it is', async () => {
    rig = await start({ user: asked });
    rig.legacy.handler = (_, response) => void response.end('<!doctype html><title>Log in</title>');
    expect(await told(headers)).toBeUndefined();
    expect(problems()).toEqual([
      expect.objectContaining({ reason: '/users/me answered 200 with something other than JSON' }),
    ]);
  });
});
