/** Identity: claims, introspection at the legacy, the assertion to the candidate, anonymous buckets. */
import { importSPKI, jwtVerify, SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { type Rig, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const SECRET = 'a secret for assertions';
const lastToCandidate = () => rig.candidate.requests.at(-1)!.headers;

describe('introspection at the legacy', () => {
  const proxy = {
    identify: { user: { cookie: 'sid', introspect: '/internal/whoami' }, assert: { secret: SECRET } },
  };
  const questions = () => rig.legacy.requests.filter(({ url }) => url === '/internal/whoami');

  test('the legacy is asked once for many requests, with the client’s own cookie; the candidate gets the answer', async () => {
    rig = await startRig({ serve: 100, proxy });
    let release = (): void => {};
    rig.legacy.handler = (request, response) => {
      release = () => response.end(JSON.stringify({ user: 42, tenant: 'acme' }));
      expect(request.headers.cookie).toBe('sid=secret-session');
    };
    const headers = { cookie: 'theme=dark; sid=secret-session' };
    const asking = Array.from({ length: 20 }, () => rig.get('/api/notes', headers));
    await until(() => questions().length === 1, 'asked');
    release();
    const answers = await Promise.all(asking);
    expect(answers.every(({ side }) => side === 'candidate')).toBe(true);
    await rig.get('/api/notes', headers);
    expect(questions()).toHaveLength(1);

    const token = String(lastToCandidate()['x-ficus-identity']);
    const { payload } = await jwtVerify(token, new TextEncoder().encode(SECRET), {
      issuer: 'ficus',
      audience: 'notes',
    });
    expect(payload).toMatchObject({ sub: '42', tenant: 'acme' });
    expect(payload.exp! - payload.iat!).toBe(60);
    expect(token).not.toContain('secret-session');
  });

  test('a failure makes the caller anonymous for a moment, never for long, and never stops a request', async () => {
    rig = await startRig({ serve: 99, proxy });
    rig.legacy.handler = (request, response) => {
      if (request.url !== '/internal/whoami') response.end('legacy');
      else if (questions().length === 1) response.writeHead(500).end();
      else response.end(JSON.stringify({ user: 'ann' }));
    };
    const headers = { cookie: 'sid=s' };
    expect(await rig.get('/api/notes', headers)).toMatchObject({ status: 200, side: 'legacy' });
    await until(async () => (await rig.get('/api/notes', headers)).side === 'candidate', 'asked again');
    expect(questions().length).toBe(2);
  });

  test('an answer is kept over a reload that does not change the legacy', async () => {
    let sample = 1;
    const reloadConfig = async () => {
      const config = rig.config();
      return { ok: true as const, config: { ...config, proxy: { ...config.proxy, accessLog: { sample } } } };
    };
    rig = await startRig({ serve: 99, proxy, start: { reloadConfig } });
    rig.legacy.handler = (_, response) => response.end(JSON.stringify({ user: 'ann' }));
    const headers = { cookie: 'sid=s' };
    expect(await rig.get('/api/notes', headers)).toMatchObject({ side: 'candidate' });
    rig.legacy.handler = (_, response) => response.writeHead(500).end();
    sample = 0;
    expect(await rig.proxy.reload()).toEqual({ ok: true, generation: 2 });
    expect(await rig.get('/api/notes', headers)).toMatchObject({ side: 'candidate' });
    expect(questions()).toHaveLength(1);
  });

  test('the legacy is not asked about callers without the cookie, nor outside of slices', async () => {
    rig = await startRig({ serve: 100, proxy });
    await rig.get('/api/notes');
    await rig.get('/elsewhere', { cookie: 'sid=s' });
    expect(questions()).toHaveLength(0);
    expect(lastToCandidate()['x-ficus-identity']).toBeUndefined();
  });
});

describe('claims of a bearer token', () => {
  const key = new TextEncoder().encode('shared secret of the issuer');
  const identify = {
    user: { jwtClaim: 'sub' },
    jwt: { secret: 'shared secret of the issuer' },
    assert: { secret: SECRET },
  };
  const sign = (claims: Record<string, string>, secret = key) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('5m').sign(secret);

  test('verified claims count, forged ones make the caller anonymous', async () => {
    rig = await startRig({ serve: 100, proxy: { identify } });
    const bearer = async (token: string) => rig.get('/api/notes', { authorization: `Bearer ${token}` });
    await bearer(await sign({ sub: 'ann' }));
    expect(lastToCandidate()['x-ficus-identity']).toBeDefined();
    await bearer(await sign({ sub: 'ann' }, new TextEncoder().encode('another secret, not the issuer’s')));
    expect(lastToCandidate()['x-ficus-identity']).toBeUndefined();
    await bearer(`${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`);
    expect(lastToCandidate()['x-ficus-identity']).toBeUndefined();
  });

  test('a public key never serves as a shared secret', async () => {
    const { generateKeyPair, exportSPKI } = await import('jose');
    const pair = await generateKeyPair('ES256');
    const pem = await exportSPKI(pair.publicKey);
    await importSPKI(pem, 'ES256');
    rig = await startRig({ serve: 100, proxy: { identify: { ...identify, jwt: { publicKey: pem } } } });
    const good = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'ES256' }).sign(pair.privateKey);
    const forged = await sign({ sub: 'ann' }, new TextEncoder().encode(pem));
    await rig.get('/api/notes', { authorization: `Bearer ${good}` });
    expect(lastToCandidate()['x-ficus-identity']).toBeDefined();
    await rig.get('/api/notes', { authorization: `Bearer ${forged}` });
    expect(lastToCandidate()['x-ficus-identity']).toBeUndefined();
  });
});

describe('anonymous callers', () => {
  test('get a bucket when the slice has buckets, and stay where it puts them', async () => {
    rig = await startRig({ serve: 50, slice: { anonymousBucket: {} } });
    const sides = new Set<string | null>();
    for (let caller = 0; caller < 40; caller += 1) {
      const first = await rig.get('/api/notes');
      const cookie = first.headers.get('set-cookie')!.split(';')[0]!;
      expect(cookie).toMatch(/^ficus_bucket=[0-9a-f-]{36}$/);
      const second = await rig.get('/api/notes', { cookie });
      expect(second.headers.get('set-cookie')).toBeNull();
      expect(second.side).toBe(first.side);
      sides.add(first.side);
    }
    expect(sides.size).toBe(2);
  });

  test('get no cookie otherwise, and stay at the legacy below 100', async () => {
    rig = await startRig({ serve: 99 });
    const answer = await rig.get('/api/notes');
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(answer.side).toBe('legacy');
  });
});
