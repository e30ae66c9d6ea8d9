/** The request path as a client sees it: sides, reasons, what is stripped and set, what is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forceHeader } from '../../../proxy/index.ts';
import { ask, type Rig, sendRaw, startRig, until } from './rig.ts';

const FORCE_SECRET = 'a secret of testers';

describe('sides and reasons', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ serve: 100, proxy: { force: { secret: FORCE_SECRET } } });
  });
  afterAll(() => rig.close());

  test('a request that no route matches goes to the legacy', async () => {
    const answer = await rig.get('/elsewhere?q=1');
    expect(answer).toMatchObject({ text: 'legacy /elsewhere?q=1', side: 'legacy', reason: 'no-route' });
  });

  test('the serve flag at 100 moves all callers, those without identity too', async () => {
    expect(await rig.get('/api/notes', { cookie: 'sid=ann' })).toMatchObject({ side: 'candidate' });
    expect(await rig.get('/api/notes')).toMatchObject({ side: 'candidate', reason: 'serve-flag-on' });
  });

  test('without tables the flag moves writes as well', async () => {
    const answer = await ask(`${rig.url}/api/notes`, {
      method: 'POST',
      body: 'x',
      headers: { cookie: 'sid=ann' },
    });
    expect(answer).toMatchObject({ side: 'candidate', reason: 'serve-flag-on' });
  });

  test('the target stays byte for byte, whatever the matching path is', async () => {
    const target = '/api/%6Eotes/a%2Fb;v=1?x=%zz&y=a+b';
    const answer = await sendRaw(rig.url, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toContain(`candidate ${target}`);
  });

  test('a signed override is accepted, an unsigned or wrongly signed one is not', async () => {
    const signed = forceHeader('legacy', FORCE_SECRET);
    expect(await rig.get('/api/notes', { 'x-ficus-force': signed })).toMatchObject({ reason: 'forced' });
    expect(await rig.get('/api/notes', { 'x-ficus-force': 'legacy' })).toMatchObject({ side: 'candidate' });
    const stolen = forceHeader('candidate', FORCE_SECRET).replace('candidate', 'legacy');
    expect(await rig.get('/api/notes', { 'x-ficus-force': stolen })).toMatchObject({ side: 'candidate' });
  });
});

test('spellings that are the same path for the monolith follow their route', async () => {
  const rig = await startRig({
    serve: 100,
    legacy: { paths: { ignoreCase: true, ignoreTrailingSlash: true } },
    routes: [{ id: 'list', path: '/api/notes', rewrite: { stripPrefix: '/api' } }],
  });
  try {
    for (const path of ['/API/Notes', '/api/notes/', '/Api/NOTES/?q=A'])
      expect(await rig.get(path)).toMatchObject({ side: 'candidate' });
    expect(await rig.get('/Api/NOTES/?q=A')).toMatchObject({ text: 'candidate /NOTES/?q=A' });
    expect(await rig.get('/api/notes/1')).toMatchObject({ side: 'legacy' });
  } finally {
    await rig.close();
  }
});

test('an overridden method is no method of a route: a condition on its field makes it one', async () => {
  const remove = { id: 'remove', methods: ['DELETE'], path: '/api/notes/:id' };
  const overridden = {
    ...{ id: 'remove-by-post', methods: ['POST'], path: '/api/notes/:id' },
    headers: { 'x-http-method-override': { regex: '(?i)delete' } },
  };
  for (const [routes, side] of [
    [[remove], 'legacy'],
    [[remove, overridden], 'candidate'],
  ] as const) {
    const rig = await startRig({ serve: 100, routes });
    try {
      const send = (method: string, headers = {}) => ask(`${rig.url}/api/notes/1`, { method, headers });
      expect(await send('DELETE')).toMatchObject({ side: 'candidate' });
      expect(await send('POST', { 'X-HTTP-Method-Override': 'DELETE' })).toMatchObject({ side });
      expect(await send('POST')).toMatchObject({ side: 'legacy', reason: 'no-route' });
    } finally {
      await rig.close();
    }
  }
});

describe('fields that are set, kept and removed', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ proxy: { trustedProxies: ['127.0.0.2/32'] } });
  });
  afterAll(() => rig.close());
  const seen = () => rig.legacy.requests.at(-1)!.headers;

  test('fields that only Ficus may set are removed from clients’ requests', async () => {
    await rig.get('/x', { 'x-ficus-shadow': '1', 'x-ficus-identity': 'me', 'x-ficus-force': 'legacy' });
    expect(Object.keys(seen()).filter((name) => name.startsWith('x-ficus'))).toEqual([]);
  });

  test('CVE-2026-3635: spoofed X-Forwarded-* of an untrusted peer are replaced', async () => {
    const spoofed = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', forwarded: 'for=6.6.6.6' };
    await rig.get('/x', { ...spoofed, 'x-forwarded-host': 'evil' });
    expect(seen()).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(seen()['x-forwarded-host']).toBe(new URL(rig.url).host);
    expect(seen().forwarded).toBeUndefined();
  });

  test('well-formed ids are passed on, malformed ones replaced', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await rig.get('/x', { 'x-request-id': 'abc-1', traceparent });
    expect(seen()).toMatchObject({ 'x-request-id': 'abc-1', traceparent });
    await rig.get('/x', {
      'x-request-id': 'bad id',
      traceparent: `${traceparent.slice(0, 3)}${'0'.repeat(49)}01`,
    });
    expect(seen()['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(seen().traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});

describe('refused requests', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      proxy: { limits: { headerCount: 20, headerBytes: 4096, targetBytes: 1024 } },
    });
  });
  afterAll(() => rig.close());

  const refusals: [string, string, number, string][] = [
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'host-missing'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', 400, 'duplicate-host'],
    ['an invalid Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'host-invalid'],
    [
      'CVE-2026-1525: two lengths in different case',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx',
      400,
      'unexpected-content-length',
    ],
    [
      'two framings',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'invalid-transfer-encoding',
    ],
    ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method-refused'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method-refused'],
    ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'method-unknown'],
    ['a route’s end cut', 'GET /api/notes%00.png HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'path-ambiguous'],
    ['a hidden climb', 'GET /a/..%2fapi/notes HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'path-ambiguous'],
    ['a backslash', 'GET /api\\notes HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'path-ambiguous'],
    ['a fragment', 'GET /api/notes#b HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'path-ambiguous'],
    ['a long target', `GET /${'a'.repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 'target-too-long'],
    ['many fields', `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(20)}\r\n`, 431, 'too-many-headers'],
    ['a large head', `GET / HTTP/1.1\r\nHost: a\r\na: ${'b'.repeat(9000)}\r\n\r\n`, 431, 'head-too-large'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n', 400, 'invalid-header-token'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\r\n\r\n', 400, 'method-unknown'],
  ];
  test.each(refusals)('%s', async (_, bytes, status, reason) => {
    const before = rig.legacy.requests.length;
    const withClose = bytes.replace('\r\nHost: a\r\n', '\r\nHost: a\r\nConnection: close\r\n');
    const answer = await sendRaw(rig.url, withClose);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ status });
    expect(rig.logs.at(-1)).toMatchObject({ msg: 'request refused', reason });
    expect(rig.legacy.requests.length).toBe(before);
  });

  test('each reason is counted', async () => {
    const reasons = new Set(refusals.map(([, , , reason]) => `ficus_refused_total{reason="${reason}"}`));
    await until(async () => {
      const text = await rig.metrics();
      return [...reasons].every((series) => text.includes(series));
    }, 'all reasons in the metrics');
  });

  test('an absolute-form target names the host', async () => {
    const bytes = 'GET http://shop.example/x?y HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n';
    expect(await sendRaw(rig.url, bytes)).toContain('legacy /x?y');
    expect(rig.legacy.requests.at(-1)!.headers.host).toBe('shop.example');
  });
});
