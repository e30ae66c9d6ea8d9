/** Shadow copies: identical, after the live answer, bounded, and never in the way. */
import { afterEach, expect, test } from 'vitest';
import { ask, type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());
const ann = { cookie: 'sid=ann' };
const copies = () => rig.candidate.requests.filter(({ headers }) => headers['x-ficus-shadow'] === '1');

test('the copy has the same target and fields, marked, and both answers are observed', async () => {
  rig = await startRig({ shadow: 100, candidate: { credentials: ['session'] } });
  rig.candidate.handler = (_, response) => response.writeHead(404, { 'x-what': 'new' }).end('absent');
  await rig.get('/api/notes?a=%2F&b', { ...ann, 'x-custom': 'Value', 'x-ficus-shadow': '7' });
  await until(() => rig.observations.length === 1, 'observed');
  const [live, copy] = [rig.legacy.requests[0]!, copies()[0]!];
  expect(copy.url).toBe(live.url);
  const plain = ({ rawHeaders }: typeof live) =>
    rawHeaders.filter((_, at, all) => !/^(connection|x-ficus-shadow)$/i.test(all[at - (at % 2)]!));
  expect(plain(copy)).toEqual(plain(live));
  expect(rig.observations[0]).toMatchObject({
    slice: 'notes',
    route: 'list',
    method: 'GET',
    target: '/api/notes?a=%2F&b',
    servedBy: 'legacy',
    legacy: { status: 200, truncated: false },
    candidate: { status: 404, truncated: false },
  });
  const { candidate } = rig.observations[0]!;
  expect('body' in candidate && Buffer.from(candidate.body).toString()).toBe('absent');
});

test('with the candidate serving, the legacy gets the copy', async () => {
  rig = await startRig({ serve: 100, shadow: 100 });
  expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'candidate' });
  await until(() => rig.observations.length === 1, 'observed');
  const { servedBy, legacy, candidate } = rig.observations[0]!;
  expect(servedBy).toBe('candidate');
  expect(rig.legacy.requests[0]!.headers['x-ficus-shadow']).toBe('1');
  const textOf = (answer: typeof legacy) => 'body' in answer && Buffer.from(answer.body).toString();
  expect([textOf(legacy), textOf(candidate)]).toEqual(['legacy /api/notes', 'candidate /api/notes']);
});

test('the observation has everything needed to ask again: caller, owner, both targets, and the legacy’s fields', async () => {
  rig = await startRig({
    serve: 100,
    shadow: 100,
    proxy: {
      identify: {
        user: { header: 'x-login', trustedFrom: ['127.0.0.1'] },
        assert: { secret: 'a-secret-of-sixteen-or-more' },
      },
    },
    routes: [{ id: 'list', path: '/api/notes', rewrite: { stripPrefix: '/api', addPrefix: '/v2' } }],
  });
  await rig.get('/api/notes?a', { ...ann, 'X-Login': 'ann', 'X-Custom': 'Value' });
  await until(() => rig.observations.length === 1, 'observed');
  const observation = rig.observations[0]!;
  expect(observation).toMatchObject({
    targets: { legacy: '/api/notes?a', candidate: '/v2/notes?a' },
    caller: { user: 'ann' },
    owner: 'legacy',
    epoch: 1,
    pinned: false,
    seal: expect.stringMatching(/^[\w-]{43}$/),
  });
  const names = observation.requestHeaders.map(([name]) => name.toLowerCase());
  expect(names).toEqual(
    expect.arrayContaining(['host', 'cookie', 'x-custom', 'x-forwarded-for', 'traceparent']),
  );
  expect(names.filter((name) => /^(x-ficus-.*|connection|via)$/.test(name))).toEqual([]);
  expect(rig.legacy.requests[0]!.headers['x-ficus-identity']).toBeUndefined();
  expect(rig.candidate.requests[0]!.headers['x-ficus-identity']).toBeDefined();
});

test('writes and requests outside of slices are never copied', async () => {
  rig = await startRig({ shadow: 100 });
  await ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers: ann });
  await rig.get('/elsewhere', ann);
  await rig.get('/api/notes', ann);
  await until(() => rig.observations.length === 1, 'the read is observed');
  expect(rig.candidate.requests).toHaveLength(1);
});

test('a read with a body is not copied: without it the copy would be another request', async () => {
  rig = await startRig({ shadow: 100, proxy: { shadow: { concurrency: 1 } } });
  const read = 'GET /api/notes HTTP/1.1\r\nHost: h\r\nConnection: close\r\n';
  expect(await sendRaw(rig.url, `${read}Content-Length: 3\r\n\r\nabc`)).toContain('legacy /api/notes');
  expect(await sendRaw(rig.url, `${read}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toContain('legacy');
  await sendRaw(rig.url, `${read}Content-Length: 0\r\n\r\n`);
  await until(() => rig.observations.length === 1, 'the one without is observed');
  expect(copies()).toHaveLength(1);
  const dropped = /ficus_shadow_dropped_total\{slice="notes",reason="body"\} 2/;
  await until(async () => dropped.test(await rig.metrics()), 'counted');
});

test.each([0, 100])('a read by an absolute URL is copied like any other, at %i %%', async (serve) => {
  const rewrite = { stripPrefix: '/api', addPrefix: '/v2' };
  rig = await startRig({ serve, shadow: 100, routes: [{ id: 'list', path: '/api/notes', rewrite }] });
  const fields = 'Host: other\r\nCookie: sid=ann\r\nConnection: close';
  await sendRaw(rig.url, `GET http://shop.example/api/notes?a HTTP/1.1\r\n${fields}\r\n\r\n`);
  await until(() => rig.observations.length === 1, 'observed');
  const targets = { legacy: '/api/notes?a', candidate: '/v2/notes?a' };
  expect(rig.observations[0]).toMatchObject({ target: '/api/notes?a', targets });
  for (const side of ['legacy', 'candidate'] as const) {
    const { url, headers } = rig[side].requests[0]!;
    expect([url, headers.host]).toEqual([targets[side], 'shop.example']);
  }
});

test('a read that asks for an upgrade is not copied, and counted', async () => {
  rig = await startRig({ shadow: 100 });
  const fields = 'Host: h\r\nConnection: Upgrade\r\nUpgrade: websocket';
  expect(await sendRaw(rig.url, `GET /api/notes HTTP/1.1\r\n${fields}\r\n\r\n`)).toContain('legacy');
  const dropped = 'ficus_shadow_dropped_total{slice="notes",reason="upgrade"} 1';
  await until(async () => (await rig.metrics()).includes(dropped), 'counted');
  expect(copies()).toHaveLength(0);
});

test.each([
  ['was asked for', { accept: 'text/event-stream' }],
  ['was not asked for', { accept: 'application/json' }],
])('a stream without an end that %s is not copied, and takes no copy’s place', async (_, headers) => {
  rig = await startRig({ shadow: 100, proxy: { shadow: { concurrency: 1 } } });
  const answer = rig.legacy.handler;
  rig.legacy.handler = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  const away = new AbortController();
  const stream = await fetch(`${rig.url}/api/notes`, { headers, signal: away.signal });
  expect(stream.status).toBe(200);
  rig.legacy.handler = answer;
  await rig.get('/api/notes', ann);
  await until(() => rig.observations.length === 1, 'the other is observed');
  const dropped = 'ficus_shadow_dropped_total{slice="notes",reason="event-stream"} 1';
  await until(async () => (await rig.metrics()).includes(dropped), 'counted');
  away.abort();
});

test('another answer to a request that accepts a stream is copied', async () => {
  rig = await startRig({ shadow: 100 });
  await rig.get('/api/notes', { accept: 'text/event-stream, application/json' });
  await until(() => rig.observations.length === 1, 'observed');
  expect(copies()).toHaveLength(1);
});

test('fields that the client keeps to its hop are not in the copy either', async () => {
  rig = await startRig({ shadow: 100 });
  await sendRaw(
    rig.url,
    'GET /api/notes HTTP/1.1\r\nHost: h\r\nX-Hop: 1\r\nX-End: 1\r\nConnection: close, x-hop, x-forwarded-for\r\n\r\n',
  );
  await until(() => rig.observations.length === 1, 'observed');
  for (const { headers } of [rig.legacy.requests[0]!, copies()[0]!]) {
    expect(headers).toMatchObject({ 'x-end': '1', 'x-forwarded-for': '127.0.0.1' });
    expect(headers).not.toHaveProperty('x-hop');
  }
  expect(rig.observations[0]!.requestHeaders.map(([name]) => name)).not.toContain('x-hop');
});

test('the copy leaves when the live answer is complete, not before', async () => {
  rig = await startRig({ shadow: 100 });
  let finish = (): void => {};
  rig.legacy.handler = (_, response) => {
    response.write('half');
    finish = () => response.end('whole');
  };
  const live = rig.get('/api/notes', ann);
  await until(() => rig.legacy.requests.length === 1, 'live is under way');
  await rig.metrics();
  expect(copies()).toHaveLength(0);
  finish();
  await live;
  await until(() => copies().length === 1, 'copied');
});

test('a candidate that hangs costs its places and nothing else: live requests continue, drops are counted by reason', async () => {
  rig = await startRig({ shadow: 100, proxy: { shadow: { concurrency: 4, timeoutMs: 60_000 } } });
  rig.candidate.handler = () => {};
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, at) => rig.get('/api/notes', { cookie: `sid=${at}` })),
  );
  expect(answers.every(({ status, side }) => status === 200 && side === 'legacy')).toBe(true);
  await until(() => copies().length === 4, 'all places are taken');
  await until(
    async () =>
      /ficus_shadow_dropped_total\{slice="notes",reason="concurrency"\} \d/.test(await rig.metrics()),
    'counted',
  );
});

test('a copy ends by its deadline, and its place is reused', async () => {
  rig = await startRig({ shadow: 100, proxy: { shadow: { concurrency: 1, timeoutMs: 100 } } });
  rig.candidate.handler = () => {};
  for (let turn = 1; turn <= 2; turn += 1) {
    await rig.get('/api/notes', ann);
    await until(() => rig.observations.length === turn, 'the deadline of a copy');
    expect(rig.observations[turn - 1]).toMatchObject({
      candidate: { failed: expect.stringContaining('timed-out') },
    });
  }
});

test('a long body is compared up to the kept part', async () => {
  rig = await startRig({ shadow: 100, proxy: { shadow: { bodyBytes: 1000 } } });
  const body = 'x'.repeat(5000);
  rig.legacy.handler = (_, response) => response.end(body);
  expect((await rig.get('/api/notes', ann)).text).toBe(body);
  await until(() => rig.observations.length === 1, 'observed');
  const { legacy } = rig.observations[0]!;
  expect('body' in legacy && [legacy.body.length, legacy.truncated]).toEqual([1000, true]);
});

test('a live exchange that fails is not copied, and its place is released', async () => {
  rig = await startRig({ shadow: 100, proxy: { shadow: { concurrency: 1 } } });
  const well = rig.legacy.handler;
  rig.legacy.handler = (request) => void request.socket.destroy();
  await rig.get('/api/notes', ann);
  rig.legacy.handler = well;
  await rig.get('/api/notes', ann);
  await until(() => rig.observations.length === 1, 'the next is copied');
  expect(copies()).toHaveLength(1);
});
