/** Who the caller of an explained request is, or why that is unknown; and that no credential of theirs is repeated. */
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { explain, explainAndSend } from './explain-rig.ts';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const SECRET = 'what the issuer shares with the shop';
const SESSION = 'session-3f2a91';
const sign = (claims: Record<string, unknown>, secret = SECRET) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(secret));

/** The legacy that is asked whose session it is answers so. */
async function startAsked(status: number, body: string): Promise<void> {
  const identify = { user: { cookie: 'sid', introspect: '/me', field: 'data.id' } };
  rig = await startRig({ serve: 100, proxy: { identify } });
  rig.legacy.handler = (request, response) => {
    if (request.url === '/me') response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    else response.end('page');
  };
}

const cookie = { cookie: `sid=${SESSION}` };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('introspection', () => {
  test('names the user, once, and nothing is counted or kept', async () => {
    await startAsked(200, '{"data":{"id":"ann"}}');
    expect((await explain(rig, { headers: cookie })).caller).toEqual({
      kind: 'user',
      name: 'ann',
      source: 'cookie sid, asked at /me of the legacy',
      cause: 'named-by-source',
      means: expect.any(String),
      action: '',
      detail: null,
    });
    expect(rig.legacy.requests.map(({ url }) => url)).toEqual(['/me']);
    expect(await rig.metrics()).not.toMatch(/ficus_(introspections|requests|unidentified_requests)_total\{/);
    // What a request has learnt is used.
    await rig.get('/api/notes', cookie);
    await explain(rig, { headers: cookie });
    expect(rig.legacy.requests.filter(({ url }) => url === '/me')).toHaveLength(2);
  });

  test.each<[string, number, string, string, string, RegExp]>([
    ['a guest', 401, '', 'anonymous', 'not-logged-in', /log in again/],
    ['an answer without the name', 200, '{"id":"ann"}', 'unknown', 'not-named', /correct `field`/],
    ['an answer without a user', 200, '{}', 'unknown', 'not-named', /let this caller log in/],
    ['an answer that is none', 500, '', 'unknown', 'legacy-silent', /check --live/],
  ])('%s: %i %s', async (_, status, body, kind, cause, remedy) => {
    await startAsked(status, body);
    const { explanation } = await explainAndSend(rig, { headers: cookie });
    expect(explanation.caller).toMatchObject({ kind, cause });
    expect(explanation.caller.action).toMatch(remedy);
    const isUnknown = kind === 'unknown';
    expect(explanation).toMatchObject(
      isUnknown
        ? { serve: 'legacy', reason: 'caller-unknown', shadow: null, action: explanation.caller.action }
        : { serve: 'candidate', reason: 'serve-flag-on' },
    );
    if (isUnknown) expect(explanation.caller.detail).toMatch(/^\/me answered/);
  });
});

test('a session of no user is named as such, also when a request has asked before', async () => {
  await startAsked(200, '{"data":{}}');
  expect(await rig.get('/api/notes', cookie)).toMatchObject({ reason: 'caller-unknown' });
  for (const turn of ['first', 'again']) {
    const { explanation } = await explainAndSend(rig, { headers: cookie });
    expect({ turn, ...explanation.caller }).toMatchObject({
      cause: 'not-named',
      detail: expect.stringMatching(/^\/me answered 200 without data\.id: the session belongs to no user/),
    });
    // The one cause, in place of all that the reason can have.
    expect(explanation).toMatchObject({ reason: 'caller-unknown', means: explanation.caller.means });
    expect(explanation.means).not.toMatch(/several times|keys/);
  }
  // The proxy itself goes by its first answer.
  rig.legacy.handler = (request, response) =>
    response.end(request.url === '/me' ? '{"data":{"id":"ann"}}' : 'page');
  const { explanation } = await explainAndSend(rig, { headers: cookie });
  expect(explanation.caller.detail).toContain('has answered otherwise by now');
});

test('without credentials nothing was asked, and the explanation does not say so', async () => {
  await startAsked(200, '{"data":{"id":"ann"}}');
  expect((await explain(rig, {})).caller).toMatchObject({
    kind: 'anonymous',
    cause: 'no-credentials',
    source: 'cookie sid',
  });
  expect(rig.legacy.requests).toEqual([]);
});

describe('a token', () => {
  const startTokens = async (jwt: object) => {
    rig = await startRig({ serve: 100, proxy: { identify: { user: { jwtClaim: 'account.id' }, jwt } } });
  };

  test.each<[string, () => Promise<string>, string, string, RegExp]>([
    ['that holds', () => sign({ account: { id: 'ann' } }), 'user', 'named-by-source', /^$/],
    ['without the claim', () => sign({ sub: 'ann' }), 'unknown', 'claim-missing', /account\.id/],
    [
      'of another issuer',
      () => sign({ account: { id: 'ann' } }, 'a secret of another issuer'),
      'anonymous',
      'token-refused',
      /signature/,
    ],
    ['that is none', async () => 'no-token-at-all', 'anonymous', 'token-refused', /./],
  ])('%s', async (_, makeToken, kind, cause, detail) => {
    await startTokens({ secret: SECRET });
    const token = await makeToken();
    const { explanation } = await explainAndSend(rig, { headers: bearer(token) });
    // Again, from what is kept of the request.
    expect(await explain(rig, { headers: bearer(token) })).toEqual(explanation);
    expect(explanation.caller).toMatchObject({ kind, cause });
    expect(explanation.caller.detail ?? '').toMatch(detail);
    expect(JSON.stringify(explanation)).not.toContain(token);
  });

  test('whose issuer is away leaves its caller unknown', async () => {
    await startTokens({ jwks: `http://127.0.0.1:${await refusingPort()}/keys` });
    const token = await new SignJWT({ account: { id: 'ann' } })
      .setProtectedHeader({ alg: 'ES256', kid: 'a' })
      .setExpirationTime('5m')
      .sign(
        (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])).privateKey,
      );
    const { explanation } = await explainAndSend(rig, { headers: bearer(token) });
    expect(explanation).toMatchObject({
      reason: 'caller-unknown',
      caller: { kind: 'unknown', cause: 'token-undecided' },
    });
    expect(explanation.caller.detail).toContain('keys cannot be fetched');
  });
});

test('a header that names the caller counts from the gateway alone, and once', async () => {
  const identify = { user: { header: 'x-login', trustedFrom: ['10.0.0.0/8'] } };
  rig = await startRig({ serve: 100, proxy: { identify } });
  const headers = { 'x-login': 'ann' };
  expect((await explain(rig, { headers, clientAddress: '127.0.0.1' })).caller).toMatchObject({
    kind: 'anonymous',
    cause: 'peer-not-believed',
  });
  // Named by the request: not repeated.
  expect((await explain(rig, { headers, clientAddress: '10.0.0.1' })).caller).toMatchObject({
    kind: 'user',
    name: null,
    source: 'header x-login',
  });
  expect(
    (await explain(rig, { headers: { ...headers, 'X-Login': 'bob' }, clientAddress: '10.0.0.1' })).caller,
  ).toMatchObject({ kind: 'unknown', cause: 'named-twice' });
});

test('without a source all callers are anonymous, and the config is what to change', async () => {
  rig = await startRig({ serve: 50, proxy: { identify: {} } });
  const { explanation } = await explainAndSend(rig, { headers: cookie });
  expect(explanation.caller).toMatchObject({ kind: 'anonymous', cause: 'no-source' });
  expect(explanation.action).toContain('Set `proxy.identify.user`');
});

test('no credential of the request is repeated or logged, not even one that is the user’s name', async () => {
  rig = await startRig({ serve: 50, proxy: { identify: { user: { cookie: 'sid' } } } });
  const headers = { ...cookie, authorization: 'Bearer a-token-of-theirs', 'x-api-key': 'a-key-of-theirs' };
  const explanation = await explain(rig, { url: '/api/notes?code=a-code-of-theirs', headers });
  expect(explanation.caller).toMatchObject({ kind: 'user', name: null, source: 'cookie sid' });
  const shown = JSON.stringify([explanation, rig.logs]);
  for (const secret of [SESSION, 'of-theirs']) expect(shown).not.toContain(secret);
});

describe('--as', () => {
  const asked = { user: { cookie: 'sid', introspect: '/me' } };
  test.each<[string, object, string, string, string | null]>([
    ['the value of a cookie', { user: { cookie: 'sid' } }, 'ann', 'named-by-operator', null],
    [
      'what no cookie can hold',
      { user: { cookie: 'sid' } },
      'ann;x',
      'never-named',
      'no request can carry it in its cookie sid',
    ],
    ['what a header can hold', { user: { header: 'x-user' } }, 'ann;x', 'named-by-operator', null],
    [
      'what no header can hold',
      { user: { header: 'x-user' } },
      ' ann',
      'never-named',
      'no request can carry it in its header x-user',
    ],
    ['whatever the legacy may answer', asked, 'ann;\u0000', 'named-by-operator', null],
    ['nobody', {}, 'ann', 'never-named', 'proxy.identify.user is not set'],
    ['a session', { session: { cookie: 'sid' } }, 'ann', 'never-named', 'proxy.identify.user is not set'],
  ])('users are %s', async (_, identify, as, cause, detail) => {
    rig = await startRig({ serve: 100, proxy: { identify } });
    const { caller } = await explain(rig, { as });
    expect(caller).toMatchObject({ kind: 'user', name: as, cause, detail });
    if (cause === 'named-by-operator') expect(caller.means).toContain('taken as given');
  });
});
