/** Rewrites between an old and a new layout, through a whole proxy: what the candidate sees, what the client sees. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    serve: 100,
    shadow: 100,
    proxy: { trustedProxies: ['127.0.0.1'] },
    routes: [
      {
        id: 'all',
        path: '/api/notes/*',
        rewrite: {
          stripPrefix: '/api/notes',
          addPrefix: '/v2/inbox',
          requestHeaders: { set: { 'x-channel': 'web' }, remove: ['x-legacy-token'] },
          responseHeaders: { remove: ['x-powered-by'] },
          cookieDomain: { 'inbox.internal': '' },
          cookiePath: { '/v2/inbox': '/api/notes' },
        },
      },
    ],
  });
  rig.candidate.handler = (request, response) => {
    response.writeHead(303, {
      location: `${rig.candidate.url}/v2/inbox/42?from=${encodeURIComponent(request.url!)}`,
      'set-cookie': ['seen=1; Domain=inbox.internal; Path=/v2/inbox; HttpOnly', 'plain=1'],
      'x-powered-by': 'something',
    });
    response.end('moved');
  };
});
afterAll(() => rig.close());

test('path and fields leave in the candidate’s layout, the answer returns in the proxy’s', async () => {
  const headers = {
    cookie: 'sid=a',
    'x-legacy-token': 't',
    'x.channel': 'forged',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop',
  };
  const answer = await rig.get('/api/notes/7%2F8?x=%2F', headers);
  const seen = rig.candidate.requests[0]!;
  expect(seen.url).toBe('/v2/inbox/7%2F8?x=%2F');
  expect(seen.headers).toMatchObject({ 'x-channel': 'web', 'x-forwarded-proto': 'https' });
  expect(seen.headers['x-legacy-token']).toBeUndefined();
  expect(seen.headers['x.channel']).toBeUndefined();
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toMatch(/^https:\/\/shop\/api\/notes\/42\?from=/);
  expect(answer.headers.getSetCookie()).toEqual(['seen=1; Path=/api/notes; HttpOnly', 'plain=1']);
  expect(answer.headers.get('x-powered-by')).toBeNull();
});

test('the candidate gets the prefix that was taken off', async () => {
  await rig.get('/api/notes/1');
  expect(rig.candidate.requests.at(-1)!.headers['x-forwarded-prefix']).toBe('/api/notes');
});

test('a field that the config sets is sent once, also where the proxy would send one of its own', async () => {
  const set = {
    'x-forwarded-for': '192.0.2.1',
    'X-Forwarded-Proto': 'https',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-port': '443',
    forwarded: 'for=192.0.2.1',
    'x-request-id': 'fixed',
    'x-caller': 'nobody',
    host: 'inner.example',
  };
  const identify = {
    user: { header: 'x-login', trustedFrom: ['127.0.0.0/8'] },
    assert: { secret: 'a secret for assertions', header: 'x-caller' },
  };
  const other = await startRig({
    serve: 100,
    proxy: { forwardedPort: true, trustedProxies: ['127.0.0.1'], identify },
    routes: [{ id: 'set', path: '/set', rewrite: { requestHeaders: { set } } }],
  });
  try {
    await other.get('/set', { 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1', 'x-login': 'ann' });
    const { rawHeaders } = other.candidate.requests.at(-1)!;
    const sent = (name: string) =>
      rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === name.toLowerCase());
    for (const [name, value] of Object.entries(set))
      expect([name, sent(name)]).toEqual([
        name,
        [name === 'x-caller' ? expect.stringMatching(/^ey/) : value],
      ]);
  } finally {
    await other.close();
  }
});

test('a route without a rewrite hides the candidate’s address, unless the config says otherwise; the port is sent where configured', async () => {
  const other = await startRig({
    serve: 100,
    proxy: { forwardedPort: true },
    routes: [
      { id: 'plain', path: '/plain' },
      { id: 'open', path: '/open', rewrite: { location: false } },
    ],
  });
  try {
    const { candidate } = other;
    candidate.handler = (request, response) =>
      response
        .writeHead(302, {
          location: `${candidate.url}/next`,
          link: `<${candidate.url}/a>; rel=prev, <https://elsewhere.example/b>; rel=next`,
          'set-cookie': ['a=1; Path=/', 'b=2'],
        })
        .end(request.url);
    const plain = await other.get('/plain');
    expect(plain).toMatchObject({ status: 302, side: 'candidate', text: '/plain' });
    expect(plain.headers.get('location')).toBe(`${other.url}/next`);
    expect(plain.headers.get('link')).toBe(
      `<${other.url}/a>; rel=prev, <https://elsewhere.example/b>; rel=next`,
    );
    expect(plain.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(candidate.requests.at(-1)!.headers['x-forwarded-port']).toBe(new URL(other.url).port);
    expect((await other.get('/open')).headers.get('location')).toBe(`${candidate.url}/next`);
    other.legacy.handler = (_, response) =>
      response.writeHead(302, { location: `${candidate.url}/next` }).end();
    expect((await other.get('/elsewhere')).headers.get('location')).toBe(`${candidate.url}/next`);
  } finally {
    await other.close();
  }
});

test('the legacy’s copy keeps the legacy’s layout; the observation has the candidate’s own answer', async () => {
  await until(() => rig.observations.length > 0, 'observed');
  const copy = rig.legacy.requests[0]!;
  expect(copy.url).toBe('/api/notes/7%2F8?x=%2F');
  expect(copy.headers).toMatchObject({ 'x-legacy-token': 't', 'x-ficus-shadow': '1' });
  expect(copy.headers['x-channel']).toBeUndefined();
  const { candidate } = rig.observations[0]!;
  const location = 'headers' in candidate && candidate.headers.find(([name]) => name === 'location')?.[1];
  expect(location).toContain(`${rig.candidate.url}/v2/inbox/42`);
});

test('GHSA-2q7r-29rg-6m5h: no spelling of the path leaves the new prefix', async () => {
  for (const path of [
    '/api/notes/%2E%2E/x',
    '/api/notes/../notes/x',
    '/api/notes/a/..;/x',
    '/api//notes/x',
  ]) {
    const before = rig.candidate.requests.length;
    await sendRaw(rig.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    for (const { url } of rig.candidate.requests.slice(before)) {
      expect(new URL(url!, 'http://x').pathname).toMatch(/^\/v2\/inbox\//);
    }
  }
});
