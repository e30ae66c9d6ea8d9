/** A wall clock that was ahead is set back: cached entries must not stay valid until it catches up. */
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { AskedEndpoint } from './asked-endpoints.ts';
import { IdentityAssertion } from './assertion.ts';
import { BearerClaims } from './bearer-claims.ts';
import { ExpiringCache } from './expiring-cache.ts';
import { Introspection } from './introspection.ts';

const HOUR_MS = 3_600_000;
const SECRET = 'a secret that is long enough for it';

test('an entry dated in the future is ignored', () => {
  const cache = new ExpiringCache<string>(10);
  cache.set('a', 'one', 1_100, 1_000);
  expect(cache.get('a', 1_099)).toBe('one');
  expect(cache.get('a', 999)).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('the legacy is asked again about a session', async () => {
  let user = 'ann';
  const introspection = new Introspection({
    ask: async () => ({ status: 200, body: Buffer.from(JSON.stringify({ user })), truncated: false }),
    count: () => {},
    notes: { say: () => {} },
    isChanging: () => false,
  });
  const question = new AskedEndpoint({ cookie: 'sid', introspect: '/whoami' }, [
    { field: 'user', at: 'user', isNamed: true },
  ]).questionOf('1');
  const now = Date.now();
  await introspection.ask(question, () => now);
  expect(introspection.known(question, () => now + 5_000)).toMatchObject({ user: 'ann' });
  expect(introspection.known(question, () => now - HOUR_MS)).toBeUndefined();
  user = 'bob';
  expect(await introspection.ask(question, () => now - HOUR_MS)).toMatchObject({ user: 'bob' });
});

test('a token is verified again, good or bad', async () => {
  const bearer = new BearerClaims({ secret: SECRET, requireExp: true }, { say: () => {} });
  const now = Date.now();
  const token = await new SignJWT({ sub: 'ann' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(new Date(now + HOUR_MS))
    .sign(new TextEncoder().encode(SECRET));
  for (const sent of [token, 'nonsense']) {
    await bearer.verify(sent, now);
    expect(bearer.known(sent, now + 1)).toBeDefined();
    expect(bearer.known(sent, now - HOUR_MS)).toBeUndefined();
  }
});

test('no caller gets the token of another one, whatever their names contain', () => {
  const assertion = new IdentityAssertion({ header: 'x-identity', secret: SECRET, ttlSeconds: 60 });
  const nobody = { session: undefined, uncertain: false };
  const callers = [
    { user: 'a\0b', tenant: 'c' },
    { user: 'a', tenant: 'b\0c' },
    { user: 'a 1 b', tenant: 'c' },
    { user: 'a', tenant: ' 1 bc' },
  ];
  const tokens = callers.map((caller) => assertion.tokenFor({ ...nobody, ...caller }, 'notes', 0));
  const named = tokens.map((token) => {
    const { sub, tenant } = JSON.parse(Buffer.from(token!.split('.')[1]!, 'base64url').toString());
    return { user: sub, tenant };
  });
  expect(named).toEqual(callers);
});

test('the candidate never gets a token dated in the future', () => {
  const assertion = new IdentityAssertion({ header: 'x-identity', secret: SECRET, ttlSeconds: 60 });
  const ann = { user: 'ann', session: undefined, tenant: undefined, uncertain: false };
  const issuedAt = (now: number): number => {
    const payload = assertion.tokenFor(ann, 'notes', now)!.split('.')[1]!;
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }).iat * 1000;
  };
  const now = 1_000 * HOUR_MS;
  expect([issuedAt(now), issuedAt(now + 1_000)]).toEqual([now, now]);
  expect(issuedAt(now - HOUR_MS)).toBe(now - HOUR_MS);
});
