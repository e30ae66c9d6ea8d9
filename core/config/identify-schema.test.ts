import { describe, expect, test } from 'vitest';
import { formatProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';

function problemsOf(identify: object): string[] {
  const document = { version: 1, legacy: { url: 'http://127.0.0.1:3000' }, proxy: { identify } };
  const parsed = parseConfig(document, {});
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

const assert = { secret: 'a secret that only this test has' };
const jwt = { secret: 'a secret of the issuer, and ours' };
const gateway = ['192.0.2.0/24', '2001:db8::/32'];

describe('the proxy signs only for what it can know', () => {
  test.each<[string, object, string]>([
    ['a user in a header', { user: { header: 'remote-user' } }, 'user: can be sent by any client'],
    ['a tenant in a header', { tenant: { header: 'x-realm' } }, 'tenant: can be sent by any client'],
    ['a tenant in a cookie', { tenant: { cookie: 'realm' } }, 'tenant: can be sent by any client'],
    ['a cookie, which is a secret', { user: { cookie: 'PHPSESSID' } }, 'user: carries a credential'],
    [
      'a cookie, even a gateway’s',
      { user: { cookie: 'PHPSESSID', trustedFrom: gateway } },
      'user: carries a credential',
    ],
    [
      'a header that any machine may send',
      { user: { header: 'remote-user', trustedFrom: ['0.0.0.0/0'] } },
      'user: is believed from any machine',
    ],
    ['a password', { user: { header: 'Authorization', trustedFrom: gateway } }, 'user: carries a credential'],
  ])('%s is refused', (_, sources, problem) => {
    expect(problemsOf({ ...sources, assert })).toEqual([
      expect.stringContaining(`proxy.identify.${problem}`),
    ]);
    expect(problemsOf(sources)).toEqual([]);
  });

  test.each<[string, object]>([
    ['a gateway’s header', { user: { header: 'remote-user', trustedFrom: gateway } }],
    ['what the legacy says of a cookie', { user: { cookie: 'sid', introspect: '/me' } }],
    ['what the legacy says of a header', { user: { header: 'authorization', introspect: '/me' } }],
    ['a verified claim', { user: { jwtClaim: 'sub' }, tenant: { jwtClaim: 'org' }, jwt }],
    ['a session of any kind, which is not signed for', { session: { cookie: 'sid' } }],
  ])('%s is accepted', (_, sources) => {
    expect(problemsOf({ ...sources, assert })).toEqual([]);
  });
});

test('peers belong to what a client sends as it is', () => {
  const claim = { user: { jwtClaim: 'sub', trustedFrom: gateway }, jwt };
  expect(problemsOf(claim)).toEqual([
    expect.stringMatching(/^proxy\.identify\.user\.trustedFrom: goes with header or cookie/),
  ]);
  for (const trustedFrom of [[], ['gateway.example'], ['10.0.0.0/99']])
    expect(problemsOf({ user: { header: 'x-login', trustedFrom } })).toEqual([
      expect.stringMatching(/^proxy\.identify\.user\.trustedFrom/),
    ]);
});

describe('tokens are verified with keys that no stranger has', () => {
  test.each<[string, object, string]>([
    ['a secret of one character', { secret: 's' }, 'secret: must have at least 16 characters'],
    ['a secret of fifteen', { secret: 'x'.repeat(15) }, 'secret: must have at least 16 characters'],
    ['keys that any router may answer', { jwks: 'http://id.example/keys' }, 'jwks: must begin with https://'],
    ['keys of a name like this machine’s', { jwks: 'http://localhost.example/k' }, 'jwks: must begin with'],
    ['keys of an address that begins alike', { jwks: 'http://127.0.0.1.example/k' }, 'jwks: must begin with'],
  ])('%s is refused', (_, keys, problem) => {
    expect(problemsOf({ jwt: keys })).toEqual([expect.stringContaining(`proxy.identify.jwt.${problem}`)]);
  });

  test.each([
    'https://id.example/keys',
    'http://localhost:8080/k',
    'http://127.8.0.1/k',
    'http://[::1]:80/k',
  ])('keys of %s are accepted', (jwks) => {
    expect(problemsOf({ jwt: { jwks } })).toEqual([]);
  });
});

test.each<[string, object, string | undefined]>([
  ['a token in a cookie', { cookie: 'access_token', jwtClaim: 'sub' }, undefined],
  ['a token in a header', { header: 'x-token', jwtClaim: 'org.id' }, undefined],
  ['a path into an answer', { cookie: 'sid', introspect: '/me', field: 'data.id' }, undefined],
  ['nothing', {}, 'user: name one of'],
  [
    'two carriers',
    { cookie: 'sid', header: 'x-sid', introspect: '/me' },
    'user: name one of cookie and header',
  ],
  ['a question without a carrier', { introspect: '/me' }, 'user: name one of'],
  [
    'a question and a claim',
    { cookie: 'a', jwtClaim: 'sub', introspect: '/me' },
    'user.introspect: asks the legacy',
  ],
  ['a path into nothing', { cookie: 'sid', field: 'id' }, 'user.field: goes with introspect'],
])('a source of %s', (_, user, problem) => {
  const expected = problem === undefined ? [] : [expect.stringContaining(`proxy.identify.${problem}`)];
  expect(problemsOf({ user, jwt })).toEqual(expected);
});

test.each([
  'Transfer-Encoding',
  'content-length',
  'connection',
  'host',
  'cookie',
  'authorization',
  'x-forwarded-for',
])('the assertion has a header of its own, not %s', (header) => {
  expect(problemsOf({ assert: { ...assert, header } })).toEqual([
    expect.stringMatching(/^proxy\.identify\.assert\.header: (belongs to the connection|has a meaning)/),
  ]);
});
