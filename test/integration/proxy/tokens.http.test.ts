/** Bearer tokens: what is verified, how long it is valid, and keys that an issuer publishes and changes. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ask, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let rig: Rig;
const servers: { close(): unknown }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const SECRET = 'shared secret of the issuer';
const assert = { secret: 'a secret for assertions' };
const start = (jwt: Record<string, string | boolean>, more: object = {}) =>
  startRig({ serve: 100, proxy: { identify: { user: { jwtClaim: 'sub' }, jwt, assert } }, ...more });
/** @param claims `exp: undefined` leaves it out */
const sign = (
  claims: Omit<JWTPayload, 'exp'> & { exp?: number | undefined },
  secret = SECRET,
  alg = 'HS256',
) =>
  new SignJWT({ exp: inSeconds(300), ...claims } as JWTPayload)
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** The subject that the candidate receives, or undefined. */
async function known(token: string): Promise<string | undefined> {
  await rig.get('/api/notes', { authorization: `Bearer ${token}` });
  const assertion = rig.candidate.requests.at(-1)!.headers['x-ficus-identity'] as string | undefined;
  if (assertion === undefined) return undefined;
  return (JSON.parse(Buffer.from(assertion.split('.')[1]!, 'base64url').toString()) as { sub: string }).sub;
}

describe('a token', () => {
  test('is valid from nbf to exp, cached or not', async () => {
    rig = await start({ secret: SECRET });
    expect(await known(await sign({ sub: 'ann', exp: inSeconds(-1) }))).toBeUndefined();
    expect(await known(await sign({ sub: 'ann', nbf: inSeconds(60) }))).toBeUndefined();
    const short = await sign({ sub: 'ann', exp: inSeconds(60) });
    expect(await known(short)).toBe('ann');
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 61_000);
    expect(await known(short)).toBeUndefined();
  });

  test('is valid a little before its nbf: the issuer’s clock may be ahead of ours; exp has no leeway', async () => {
    rig = await start({ secret: SECRET });
    expect(await known(await sign({ sub: 'ann', nbf: inSeconds(8) }))).toBe('ann');
    expect(await known(await sign({ sub: 'ann', nbf: inSeconds(8), exp: inSeconds(-1) }))).toBeUndefined();
  });

  test('that never expires makes its caller unknown, unless the config allows it', async () => {
    const authorization = `Bearer ${await sign({ sub: 'ann', exp: undefined })}`;
    rig = await start({ secret: SECRET });
    expect(await rig.get('/api/notes', { authorization })).toMatchObject({
      side: 'legacy',
      reason: 'caller-unknown',
    });
    const said = rig.logs.filter(({ msg }) => String(msg).startsWith('callers cannot be identified'));
    expect(said).toEqual([
      expect.objectContaining({ source: 'jwt', reason: expect.stringContaining('requireExp: false') }),
    ]);
    await rig.close();
    rig = await start({ secret: SECRET, requireExp: false });
    expect(await known(await sign({ sub: 'ann', exp: undefined }))).toBe('ann');
  });

  test('must name the issuer and the audience where they are configured', async () => {
    rig = await start({ secret: SECRET, issuer: 'https://id.example', audience: 'shop' });
    const claims = { sub: 'ann', iss: 'https://id.example', aud: 'shop' };
    expect(await known(await sign(claims))).toBe('ann');
    expect(await known(await sign({ ...claims, aud: ['other', 'shop'] }))).toBe('ann');
    expect(await known(await sign({ ...claims, iss: 'https://evil.example' }))).toBeUndefined();
    expect(await known(await sign({ ...claims, aud: 'other' }))).toBeUndefined();
    expect(await known(await sign({ sub: 'ann' }))).toBeUndefined();
  });

  test.each(['HS384', 'HS512'])('of a longer hash is verified by the same secret: %s', async (alg) => {
    rig = await start({ secret: SECRET });
    expect(await known(await sign({ sub: 'ann' }, SECRET, alg))).toBe('ann');
    expect(await known(await sign({ sub: 'ann' }, 'some other secret', alg))).toBeUndefined();
  });

  test('of any length is verified', async () => {
    rig = await start({ secret: SECRET });
    expect(await known(await sign({ sub: 'ann', pad: 'x'.repeat(4_000) }))).toBe('ann');
    expect(await known(await sign({ sub: 'bob', pad: 'x'.repeat(4_000) }))).toBe('bob');
  });
});

test.each([
  ['is none', 'PEM'],
  ['is of another kind', generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })],
  [
    'is too short',
    generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }),
  ],
])('a public key that %s makes callers unknown, and is in the log', async (_, publicKey) => {
  const { privateKey } = await generateKeyPair('RS256');
  const token = await new SignJWT({ sub: 'ann', exp: inSeconds(300) })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(privateKey);
  rig = await start({ publicKey: String(publicKey) });
  const authorization = `Bearer ${token}`;
  expect(await rig.get('/api/notes', { authorization })).toMatchObject({ reason: 'caller-unknown' });
  expect(rig.logs).toContainEqual(
    expect.objectContaining({ source: 'jwt', reason: expect.stringContaining('jwt.publicKey') }),
  );
});

const WEAK_KEY = { kty: 'RSA', kid: 'one', n: 'AQAB', e: 'AQAB' };
const OTHER_KEY = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
  kid: 'one',
};

interface Issuer {
  readonly url: string;
  readonly fetched: () => number;
  /** Publishes a new key alone, and signs with it from now on. */
  changeKey(kid: string, alg?: string): Promise<void>;
  /** @param kid by default its own; empty leaves it out */
  sign(claims: JWTPayload, kid?: string): Promise<string>;
  /** Publishes this in place of its keys from now on. @param change makes it of the keys */
  publish(change: (keys: object[]) => unknown): void;
  /** Answers 500 from now on. */
  fail(): void;
  /** Answers in another way from now on. */
  answerWith(handler: (response: ServerResponse) => void): void;
}

async function startIssuer(): Promise<Issuer> {
  let keys: object[] = [];
  let signing = {
    kid: '',
    alg: '',
    key: undefined as unknown as Awaited<ReturnType<typeof generateKeyPair>>['privateKey'],
  };
  let fetched = 0;
  let answer = (response: ServerResponse): void => void response.end(JSON.stringify({ keys }));
  const server: Server = createServer((_, response) => {
    fetched += 1;
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    fetched: () => fetched,
    changeKey: async (kid, alg = 'ES256') => {
      const pair = await generateKeyPair(alg);
      signing = { kid, alg, key: pair.privateKey };
      keys = [{ ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' }];
    },
    sign: (claims, kid = signing.kid) =>
      new SignJWT({ exp: inSeconds(300), ...claims })
        .setProtectedHeader({ alg: signing.alg, ...(kid === '' ? {} : { kid }) })
        .sign(signing.key),
    publish: (change) => {
      const set = change(keys);
      answer = (response) => void response.end(JSON.stringify(set));
    },
    fail: () => {
      answer = (response) => void response.writeHead(500).end();
    },
    answerWith: (handler) => {
      answer = handler;
    },
  };
}

describe('keys that the issuer publishes', () => {
  test('are fetched once, and again when a token names a new key', async () => {
    const issuer = await startIssuer();
    await issuer.changeKey('one');
    rig = await start({ jwks: issuer.url });
    const tokens = await Promise.all(['ann', 'bob', 'cid'].map((sub) => issuer.sign({ sub })));
    expect(await Promise.all(tokens.map((token) => known(token)))).toHaveLength(3);
    expect(await known(tokens[1]!)).toBe('bob');
    expect(issuer.fetched()).toBe(1);
    await issuer.changeKey('two', 'RS256');
    const next = await issuer.sign({ sub: 'dan' });
    await until(async () => (await known(next)) === 'dan', 'the new key');
    expect(await known(tokens[0]!)).toBe('ann');
    const forged = await sign({ sub: 'eve' });
    expect(await known(forged)).toBeUndefined();
  });

  test.each<[string, (keys: object[], others: object[]) => object[], string, boolean]>([
    [
      'under one name',
      (keys, others) => [...others, ...keys].map((key) => ({ ...key, kid: 'one' })),
      'one',
      false,
    ],
    ['for tokens without a name', (keys, others) => [...others, ...keys], '', false],
    ['beside one that is too weak', (keys) => [WEAK_KEY, ...keys], 'one', true],
  ])('may be several %s: the one that has signed counts', async (_, change, kid, mayBeAnother) => {
    const [issuer, other] = await Promise.all([startIssuer(), startIssuer()]);
    await Promise.all([issuer.changeKey('one', 'RS256'), other.changeKey('two', 'RS256')]);
    let others: object[] = [];
    other.publish((keys) => {
      others = keys;
    });
    issuer.publish((keys) => ({ keys: change(keys, others) }));
    rig = await start({ jwks: issuer.url });
    expect(await known(await issuer.sign({ sub: 'ann' }, kid))).toBe('ann');
    // Signed by neither, as far as they can tell.
    await issuer.changeKey('one', 'RS256');
    const authorization = `Bearer ${await issuer.sign({ sub: 'eve' }, kid)}`;
    const { side, reason } = await rig.get('/api/notes', { authorization });
    expect([side, reason === 'caller-unknown']).toEqual([
      mayBeAnother ? 'legacy' : 'candidate',
      mayBeAnother,
    ]);
    if (!mayBeAnother) expect(rig.candidate.requests.at(-1)!.headers['x-ficus-identity']).toBeUndefined();
  });

  test.each([
    ['are none', () => ({ keys: [] })],
    [
      'do not have the token’s yet',
      (keys: object[]) => ({ keys: keys.map((key) => ({ ...key, kid: 'old' })) }),
    ],
    ['are more than are tried', (keys: object[]) => ({ keys: [...Array(16).fill(OTHER_KEY), ...keys] })],
    ['are one of another and one too weak to tell', () => ({ keys: [OTHER_KEY, WEAK_KEY] })],
  ])('that %s make its caller unknown', async (_, change) => {
    const issuer = await startIssuer();
    await issuer.changeKey('one', 'RS256');
    issuer.publish(change);
    rig = await start({ jwks: issuer.url });
    const authorization = `Bearer ${await issuer.sign({ sub: 'ann' })}`;
    for (let i = 0; i < 2; i += 1)
      expect(await rig.get('/api/notes', { authorization })).toMatchObject({ reason: 'caller-unknown' });
  });

  test('are kept over a reload that does not touch them', async () => {
    const issuer = await startIssuer();
    await issuer.changeKey('one');
    let sample = 1;
    const reloadConfig = async () => {
      const config = rig.config();
      return { ok: true as const, config: { ...config, proxy: { ...config.proxy, accessLog: { sample } } } };
    };
    rig = await start({ jwks: issuer.url }, { start: { reloadConfig } });
    expect(await known(await issuer.sign({ sub: 'ann' }))).toBe('ann');
    issuer.fail();
    sample = 0;
    expect(await rig.proxy.reload()).toEqual({ ok: true, generation: 2 });
    expect(await known(await issuer.sign({ sub: 'bob' }))).toBe('bob');
  });

  test('that cannot be fetched make a caller unknown: the legacy serves, no caller counts as anonymous', async () => {
    const issuer = await startIssuer();
    await issuer.changeKey('one');
    issuer.fail();
    const control = await startFakeControl(noteFlags(100, 0));
    servers.push(control);
    rig = await start({ jwks: issuer.url }, { control });
    const authorization = `Bearer ${await issuer.sign({ sub: 'ann' })}`;
    expect(await rig.get('/api/notes', { authorization })).toMatchObject({
      side: 'legacy',
      reason: 'caller-unknown',
    });
    expect(await rig.get('/api/notes')).toMatchObject({ side: 'candidate' });
    // One request a second, however many tokens need it.
    const others = await Promise.all(Array.from({ length: 20 }, (_, at) => issuer.sign({ sub: `u${at}` })));
    const before = issuer.fetched();
    const began = Date.now();
    for (const token of others) {
      expect(
        await ask(`${rig.url}/api/notes`, { headers: { authorization: `Bearer ${token}` } }),
      ).toMatchObject({
        reason: 'caller-unknown',
      });
    }
    expect(issuer.fetched() - before).toBeLessThanOrEqual(1 + Math.floor((Date.now() - began) / 1_000));
  });

  test.each<[string, (response: ServerResponse, sent: (bytes: number) => void) => void]>([
    [
      'are hundreds of megabytes',
      (response, sent) => {
        const more = (): void => {
          while (response.write('k'.repeat(65_536))) sent(65_536);
          sent(65_536);
        };
        response.on('drain', more);
        more();
      },
    ],
    [
      'come a byte at a time',
      (response, sent) => {
        const drip = setInterval(() => response.write(' ', () => sent(1)), 50);
        response.on('close', () => clearInterval(drip));
      },
    ],
    ['are at another address', (response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['are a page', (response) => void response.end('<html></html>')],
  ])('that %s are given up, and their callers are unknown', async (_, answer) => {
    const issuer = await startIssuer();
    await issuer.changeKey('one');
    const authorization = `Bearer ${await issuer.sign({ sub: 'ann' })}`;
    let bytes = 0;
    let open = 0;
    issuer.answerWith((response) => {
      open += 1;
      response.on('close', () => {
        open -= 1;
      });
      answer(response, (more) => {
        bytes += more;
      });
    });
    rig = await start({ jwks: issuer.url });
    expect(await rig.get('/api/notes', { authorization })).toMatchObject({ reason: 'caller-unknown' });
    await until(() => open === 0, 'the connection is closed');
    // What had been read, and what the kernel holds for a reader that is gone.
    expect(bytes).toBeLessThan(16_000_000);
    expect(rig.logs.some(({ reason }) => String(reason).startsWith('the issuer’s keys cannot be'))).toBe(
      true,
    );
  });

  test('are fetched again after a second, although the clock was set back meanwhile', async () => {
    const issuer = await startIssuer();
    await issuer.changeKey('one');
    const token = await issuer.sign({ sub: 'ann' });
    issuer.fail();
    rig = await start({ jwks: issuer.url });
    const authorization = `Bearer ${token}`;
    await rig.get('/api/notes', { authorization });
    expect(issuer.fetched()).toBe(1);
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    await until(async () => {
      await rig.get('/api/notes', { authorization });
      return issuer.fetched() > 1;
    }, 'asked again');
  });
});
