import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { configSchema, parseConfig } from '@ficus/core';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { IdentityAssertion } from '../identify/assertion.ts';
import { ANONYMOUS } from '../identify/identity.ts';
import { publishedKeys } from './published-keys.ts';

const pem = (key: KeyObject): string =>
  key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString();
const ed = generateKeyPairSync('ed25519');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const edKey = { kid: 'winter', key: pem(ed.privateKey) };
const ecKey = { kid: 'spring', key: pem(ec.privateKey) };

const configOf = (keys: readonly object[]) =>
  configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:3000' },
    proxy: { identify: { user: { cookie: 'sid', introspect: '/me' }, assert: { keys } } },
  });

/** What a candidate does with the key set that it has fetched. */
async function verify(token: string, published: readonly object[]) {
  const keySet = createLocalJWKSet(publishedKeys(configOf(published)) as never);
  const options = { issuer: 'ficus', audience: 'notes', algorithms: ['EdDSA', 'ES256'] };
  return await jwtVerify(token, keySet, options);
}

const tokenBy = (keys: readonly object[]) =>
  new IdentityAssertion(configOf(keys).proxy.identify.assert!).tokenFor(
    { ...ANONYMOUS, user: 'ann', tenant: 'blue' },
    'notes',
    Date.now(),
  )!;

describe.each([
  ['EdDSA', edKey],
  ['ES256', ecKey],
])('an assertion by %s', (alg, key) => {
  test('is verified with the published key, and names it', async () => {
    const { payload, protectedHeader } = await verify(tokenBy([key]), [key]);
    expect(payload).toMatchObject({ iss: 'ficus', aud: 'notes', sub: 'ann', tenant: 'blue' });
    expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: key.kid });
  });

  test('is not, once another caller is written into it', async () => {
    const [header, claims, signature] = tokenBy([key]).split('.');
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(atob(claims!)), sub: 'director' }));
    await expect(verify(`${header}.${forged.toString('base64url')}.${signature}`, [key])).rejects.toThrow(
      'signature',
    );
  });
});

test('a key is replaced without a moment in which an assertion cannot be verified', async () => {
  const steps = [
    [edKey],
    [edKey, ecKey],
    [ecKey, edKey],
    [ecKey, { kid: 'winter', key: pem(ed.publicKey) }],
    [ecKey],
  ];
  for (let at = 1; at < steps.length; at += 1) {
    // A candidate holds the set of the step before, or already that of this one; assertions of both are in transit.
    const tokens =
      at === steps.length - 1 ? [tokenBy(steps[at]!)] : [tokenBy(steps[at - 1]!), tokenBy(steps[at]!)];
    for (const token of tokens) {
      await verify(token, steps[at]!);
      await verify(token, steps[at - 1]!);
    }
  }
});

test('what is published has no private part', () => {
  const { keys } = publishedKeys(configOf([edKey, ecKey]));
  expect(keys).toEqual([
    { kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: 'winter', alg: 'EdDSA', use: 'sig' },
    {
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      kid: 'spring',
      alg: 'ES256',
      use: 'sig',
    },
  ]);
});

test('a shared secret publishes nothing', () => {
  const assert = { secret: 'a secret of thirty-two bytes, ok?' };
  const identify = { user: { cookie: 'sid', introspect: '/me' }, assert };
  const config = configSchema.parse({ version: 1, legacy: { url: 'http://a' }, proxy: { identify } });
  expect(publishedKeys(config)).toEqual({ keys: [] });
});

describe('a key that cannot sign is refused, and not shown', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  test.each([
    [
      'a public key first',
      [{ kid: 'a', key: pem(ed.publicKey) }],
      'keys[0] cannot be used: the first key signs',
    ],
    ['RSA', [{ kid: 'a', key: pem(rsa.privateKey) }], 'keys[0] cannot be used: it is no PEM key of the kind'],
    ['no key', [edKey, { kid: 'b', key: 'hunter2' }], 'keys[1] cannot be used: it is no PEM key of the kind'],
    [
      'no file',
      [{ kid: 'a', file: '/nowhere/key.pem' }],
      'keys[0] cannot be used: /nowhere/key.pem cannot be read',
    ],
  ])('%s', (_, keys, message) => {
    expect(() => tokenBy(keys)).toThrow(expect.objectContaining({ code: 'FICUS_PEM_UNREADABLE' }));
    expect(() => tokenBy(keys)).toThrow(message);
    expect(() => tokenBy(keys)).not.toThrow('hunter2');
  });

  test.each([
    ['both', { secret: 'a-secret-of-sixteen-or-more', keys: [edKey] }, 'name exactly one of secret, keys'],
    ['neither', {}, 'name exactly one of secret, keys'],
    ['one name for two', { keys: [edKey, { ...ecKey, kid: 'winter' }] }, 'a kid is used twice'],
    ['a key without PEM', { keys: [{ kid: 'a' }] }, 'name exactly one of file, key'],
  ])('the config names %s', (_, assert, message) => {
    const identify = { user: { cookie: 'sid', introspect: '/me' }, assert };
    const parsed = parseConfig({ version: 1, legacy: { url: 'http://a' }, proxy: { identify } }, {});
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.message)).toEqual([message]);
  });
});
