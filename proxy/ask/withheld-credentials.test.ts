import { configSchema, type FicusConfigInput } from '@ficus/core';
import { expect, test } from 'vitest';
import { withheldCredentials, withhold } from './withheld-credentials.ts';

type Identify = NonNullable<NonNullable<FicusConfigInput['proxy']>['identify']>;

function withheld(identify: Identify, credentials?: ('session' | 'authorization')[]) {
  const { proxy, slices } = configSchema.parse({
    version: 1,
    control: { database: 'postgres://127.0.0.1/c' },
    legacy: { url: 'http://legacy.test' },
    proxy: { identify },
    slices: {
      notes: {
        candidate: { url: 'http://candidate.test', ...(credentials && { credentials }) },
        routes: [{ id: 'list', path: '/notes' }],
      },
    },
  });
  return withheldCredentials(proxy.identify, slices.notes!.candidate);
}

const introspect = '/me';
const jwt = { secret: 'a secret of the issuer, and ours' };

test.each<[string, Identify, string[], string[]]>([
  ['nothing identifies', {}, ['authorization'], []],
  ['a session cookie', { user: { cookie: 'sid' } }, ['authorization'], ['sid']],
  [
    'cookies of user and session',
    { user: { cookie: 'a', introspect }, session: { cookie: 'b' } },
    ['authorization'],
    ['a', 'b'],
  ],
  [
    'a cookie of both',
    { user: { cookie: 'a', introspect }, session: { cookie: 'a' } },
    ['authorization'],
    ['a'],
  ],
  ['a header that is asked about', { user: { header: 'X-Key', introspect } }, ['authorization', 'x-key'], []],
  [
    'a header with a token',
    { user: { header: 'x-token', jwtClaim: 'sub' }, jwt },
    ['authorization', 'x-token'],
    [],
  ],
  [
    'a cookie with a token',
    { user: { cookie: 'access', jwtClaim: 'sub' }, jwt },
    ['authorization'],
    ['access'],
  ],
  ['the tenant’s own token', { tenant: { cookie: 'org', jwtClaim: 'org' }, jwt }, ['authorization'], ['org']],
  ['a user’s header that the client sends', { user: { header: 'X-User' } }, ['authorization', 'x-user'], []],
  [
    'a user’s header that a gateway sets',
    { user: { header: 'x-user', trustedFrom: ['10.0.0.0/8'] } },
    ['authorization'],
    [],
  ],
  ['a session in a header', { session: { header: 'x-key' } }, ['authorization', 'x-key'], []],
  [
    'a session in a header of the gateway',
    { session: { header: 'x-key', trustedFrom: ['10.0.0.0/8'] } },
    ['authorization', 'x-key'],
    [],
  ],
  [
    'a header of user and session',
    { user: { header: 'x-key' }, session: { header: 'x-key', introspect } },
    ['authorization', 'x-key'],
    [],
  ],
  ['the tenant’s header', { tenant: { header: 'x-shop' } }, ['authorization'], []],
  [
    'tokens in a cookie and a header',
    {
      user: { cookie: 'token', jwtClaim: 'sub' },
      tenant: { header: 'x-token', jwtClaim: 'realm' },
      jwt: { secret: 'a-secret-of-sixteen-or-more' },
    },
    ['authorization', 'x-token'],
    ['token'],
  ],
  ['the tenant', { tenant: { cookie: 'shop' } }, ['authorization'], []],
  ['Authorization itself', { user: { header: 'authorization', introspect } }, ['authorization'], []],
])('by default all is withheld: %s', (_, identify, fields, cookies) => {
  expect(withheld(identify)).toEqual({ fields, cookies });
  expect(withheld(identify, [])).toEqual({ fields, cookies });
});

test('a slice gets what it says', () => {
  const identify: Identify = {
    user: { cookie: 'sid', introspect },
    session: { header: 'x-key', introspect },
  };
  expect(withheld(identify, ['session'])).toEqual({ fields: ['authorization'], cookies: [] });
  expect(withheld(identify, ['authorization'])).toEqual({ fields: ['x-key'], cookies: ['sid'] });
  expect(withheld(identify, ['session', 'authorization'])).toEqual({ fields: [], cookies: [] });
});

test('of a request, the rest stays', () => {
  const headers = [
    ['authorization', 'Bearer a'],
    ['cookie', 'sid=1; theme=dark'],
    ['accept', '*/*'],
  ] as const;
  expect(withhold(headers, withheld({ session: { cookie: 'sid' } }))).toEqual([
    ['cookie', 'theme=dark'],
    ['accept', '*/*'],
  ]);
  expect(withhold([['cookie', 'sid=1']], withheld({ session: { cookie: 'sid' } }))).toEqual([]);
});
