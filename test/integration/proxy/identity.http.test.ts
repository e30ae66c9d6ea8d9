/** Identity: claims, introspection at the legacy, the assertion to the candidate, anonymous buckets. */
import type { ServerResponse } from 'node:http';
import { importSPKI, jwtVerify, SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const SECRET = 'a secret for assertions';
const FORCE = { trustedNetworks: ['127.0.0.1'] };
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

  test('a failure makes the caller uncertain for a moment, never for long, and never stops a request', async () => {
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

  test.each<[string, (response: ServerResponse) => void]>([
    ['answers 503', (response) => void response.writeHead(503).end()],
    ['answers a page', (response) => void response.end('<html>log in</html>')],
    ['sends callers to a page', (response) => void response.writeHead(302, { location: '/login' }).end()],
    ['closes the connection', (response) => void response.socket!.destroy()],
    ['answers too much', (response) => void response.end(JSON.stringify({ user: 'x'.repeat(99_999) }))],
    ['does not answer', () => undefined],
    ['has no such path', (response) => void response.writeHead(404).end()],
  ])('a legacy that %s leaves callers to itself, in slices without tables too', async (_, whoami) => {
    rig = await startRig({ serve: 100, shadow: 100, proxy: { ...proxy, force: FORCE } });
    rig.legacy.handler = (request, response) => {
      if (request.url === '/internal/whoami') whoami(response);
      else response.end('legacy');
    };
    const headers = { cookie: 'sid=s' };
    const unknown = { status: 200, side: 'legacy', reason: 'caller-unknown' };
    expect(await rig.get('/api/notes', headers)).toMatchObject(unknown);
    const write = { method: 'POST', body: 'x', headers };
    expect(await ask(`${rig.url}/api/notes`, write)).toMatchObject(unknown);
    expect(await rig.get('/api/notes', { ...headers, 'x-ficus-force': 'candidate' })).toMatchObject(unknown);
    // A caller without credentials is truly anonymous.
    expect(await rig.get('/api/notes')).toMatchObject({ side: 'candidate', reason: 'serve-flag-on' });
    // Neither is an uncertain caller's request copied to the candidate.
    expect(rig.candidate.requests.map(({ headers }) => headers.cookie)).toEqual([undefined]);
    const counted =
      /ficus_requests_total\{slice="notes",route="list",side="legacy",reason="caller-unknown"\} 2/;
    await until(async () => counted.test(await rig.metrics()), 'counted under a name of its own');
    const callers = await rig.metrics();
    expect(callers).toContain('ficus_unidentified_requests_total{slice="notes",why="unknown"} 3');
    expect(callers).toContain('ficus_unidentified_requests_total{slice="notes",why="anonymous"} 1');
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
    const good = await new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('5m')
      .sign(pair.privateKey);
    const forged = await sign({ sub: 'ann' }, new TextEncoder().encode(pem));
    await rig.get('/api/notes', { authorization: `Bearer ${good}` });
    expect(lastToCandidate()['x-ficus-identity']).toBeDefined();
    await rig.get('/api/notes', { authorization: `Bearer ${forged}` });
    expect(lastToCandidate()['x-ficus-identity']).toBeUndefined();
  });
});

describe('a header that a gateway sets', () => {
  const user = { header: 'x-login' };
  const tenant = { header: 'x_realm' };
  const signed = () => {
    const token = lastToCandidate()['x-ficus-identity'] as string | undefined;
    return token && JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
  };
  const start = (trustedFrom: string[]) =>
    startRig({
      serve: 100,
      proxy: {
        identify: {
          user: { ...user, trustedFrom },
          tenant: { ...tenant, trustedFrom },
          assert: { secret: SECRET },
        },
      },
    });

  test('is signed for when the gateway is the peer', async () => {
    rig = await start(['10.0.0.0/8', '127.0.0.1']);
    await rig.get('/api/notes', { 'X-Login': 'ann', x_realm: 'blue' });
    expect(signed()).toMatchObject({ sub: 'ann', tenant: 'blue' });
    expect(lastToCandidate()).toMatchObject({ 'x-login': 'ann', x_realm: 'blue' });
  });

  test('counts for nothing from another peer, and reaches neither side', async () => {
    rig = await start(['10.0.0.0/8']);
    const forged = { 'X-Login': 'ann', X_Login: 'ann', x_realm: 'blue', 'X-Realm': 'blue' };
    // An address in X-Forwarded-For is no peer.
    await rig.get('/api/notes', { ...forged, 'x-forwarded-for': '10.0.0.1' });
    expect(signed()).toBeUndefined();
    await rig.get('/elsewhere', forged);
    for (const { requests } of [rig.candidate, rig.legacy]) {
      expect(requests).toHaveLength(1);
      expect(Object.keys(requests[0]!.headers).filter((name) => /login|realm/i.test(name))).toEqual([]);
    }
  });

  test('names no one in another spelling, which no side gets, and takes nothing from its own', async () => {
    rig = await start(['127.0.0.1']);
    await rig.get('/api/notes', { X_Login: 'admin', 'x-realm': 'red' });
    expect(signed()).toBeUndefined();
    await rig.get('/api/notes', { 'x-login': 'ann', X_Login: 'admin' });
    expect(signed()).toMatchObject({ sub: 'ann' });
    await rig.get('/elsewhere', { 'x-login': 'ann', X_Login: 'admin' });
    for (const { headers } of [...rig.candidate.requests, ...rig.legacy.requests]) {
      expect(headers).not.toHaveProperty('x_login');
      expect(headers).not.toHaveProperty('x-realm');
    }
    expect(rig.legacy.requests.at(-1)!.headers).toMatchObject({ 'x-login': 'ann' });
  });

  test('that came twice is nobody’s: the gateway may have added its own to the client’s', async () => {
    rig = await start(['127.0.0.1']);
    const text = await sendRaw(
      rig.url,
      'GET /api/notes HTTP/1.1\r\nHost: h\r\nX-Login: admin\r\nx-login: ann\r\nConnection: close\r\n\r\n',
    );
    expect(text).toContain('x-ficus-reason: caller-unknown');
    expect(rig.candidate.requests).toEqual([]);
  });
});

describe('a session that only marks its caller', () => {
  test('is named to no one: the observation of a copy has no caller', async () => {
    rig = await startRig({ shadow: 100 });
    await rig.get('/api/notes', { cookie: 'sid=the-secret-of-ann' });
    await until(() => rig.observations.length === 1, 'observed');
    expect(rig.observations[0]!.caller).toBe('anonymous');
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
