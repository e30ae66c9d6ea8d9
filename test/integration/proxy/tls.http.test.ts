/** `proxy.tls`: what holds for plain HTTP holds over TLS. Its handshake and its clients' certificates are under test/security. */
import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { restOf, secureConnection, secureRequest } from '../../parts/secure-client.ts';
import { until } from './rig.ts';
import { startTlsRig, type TlsRig } from './tls-rig.ts';

let rig: TlsRig;
afterEach(() => rig?.close());

test('requests come over TLS, and both sides see https', async () => {
  rig = await startTlsRig({ serve: 100 });
  expect(rig.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(await rig.request('/shop')).toMatchObject({ status: 200, text: 'legacy /shop' });
  expect(await rig.request('/api/notes', { headers: { cookie: 'sid=1' } })).toMatchObject({
    text: 'candidate /api/notes',
  });
  for (const { requests } of [rig.legacy, rig.candidate])
    expect(requests[0]?.headers).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '127.0.0.1',
    });
  // A stranger's claim about the scheme counts as little as over plain HTTP.
  await rig.request('/shop', { headers: { 'x-forwarded-proto': 'http' } });
  expect(rig.legacy.requests[1]?.headers['x-forwarded-proto']).toBe('https');
});

test('a trusted proxy before it says what the client used', async () => {
  rig = await startTlsRig({ proxy: { trustedProxies: ['127.0.0.1'] } });
  await rig.request('/shop', { headers: { 'x-forwarded-proto': 'http', 'x-forwarded-for': '10.9.8.7' } });
  await rig.request('/shop');
  const seen = rig.legacy.requests.map(({ headers }) => [
    headers['x-forwarded-proto'],
    headers['x-forwarded-for'],
  ]);
  expect(seen).toEqual([
    ['http', '10.9.8.7, 127.0.0.1'],
    ['https', '127.0.0.1'],
  ]);
});

test('the candidate’s own address in Location becomes the proxy’s, with https', async () => {
  rig = await startTlsRig({ serve: 100 });
  rig.candidate.handler = (_, response) => {
    response.writeHead(302, { location: `${rig.candidate.url}/api/notes/7` }).end();
  };
  const { headers } = await rig.request('/api/notes', { headers: { cookie: 'sid=1' } });
  expect(headers.location).toBe(`${rig.url}/api/notes/7`);
});

test('a connection serves one request after the other', async () => {
  rig = await startTlsRig();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: rig.authority.cert });
  const sessions: unknown[] = [];
  agent.on('keylog', (_, socket) => sessions.push(socket));
  for (let index = 0; index < 5; index += 1)
    expect((await secureRequest(`${rig.url}/${index}`, { agent })).text).toBe(`legacy /${index}`);
  agent.destroy();
  expect(new Set(sessions).size).toBe(1);
});

test('a large upload and a large answer arrive whole', async () => {
  rig = await startTlsRig();
  const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefgh');
  rig.legacy.handler = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(Buffer.concat(chunks)));
  };
  const { text } = await rig.request('/upload', { method: 'POST' }, body);
  expect(text.length).toBe(body.length);
  expect(Buffer.from(text, 'latin1').equals(body)).toBe(true);
});

test('an upgrade tunnels bytes both ways', async () => {
  rig = await startTlsRig();
  rig.legacy.server.on('upgrade', (request, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n`);
    socket.write(`proto=${request.headers['x-forwarded-proto']};`);
    socket.pipe(socket);
  });
  const client = await secureConnection(rig.url, { ca: rig.authority.cert });
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  client.write('GET /live HTTP/1.1\r\nHost: shop\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  await until(() => text.includes('proto=https;'), 'the upgrade');
  client.write('there and back');
  await until(() => text.endsWith('there and back'), 'the echo');
  client.end();
  await once(client, 'close');
});

test('odd requests, limits and refusals are those of the plain listener', async () => {
  rig = await startTlsRig({ proxy: { limits: { headerCount: 20, headerBytes: 4_000 } } });
  const send = async (bytes: string) => {
    const client = await secureConnection(rig.url, { ca: rig.authority.cert });
    client.write(Buffer.from(bytes, 'latin1'));
    return restOf(client);
  };
  const close = 'Host: shop\r\nConnection: close\r\n\r\n';
  expect(await send(`PURGE2 /caf\xe9 HTTP/1.1\r\n${close}`)).toContain('x-ficus-side: legacy');
  expect(await send(`GET /caf\xe9 HTTP/1.1\r\n${close}`)).toContain('x-ficus-side: legacy');
  expect(await send(`GET / HTTP/1.1\r\nx: ${'a'.repeat(5_000)}\r\n${close}`)).toMatch(/^HTTP\/1.1 431 /);
  expect(await send(`GET / HTTP/1.1\r\n${'x: a\r\n'.repeat(30)}${close}`)).toMatch(/^HTTP\/1.1 431 /);
  expect(await send('GET / HTTP/1.1\r\nHost : shop\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  expect(
    await send(`POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n${close}`),
  ).toMatch(/^HTTP\/1.1 400 /);
});

test('a client that does not finish its head, and one that stays idle, lose the connection', async () => {
  rig = await startTlsRig({ proxy: { timeouts: { headersMs: 300, keepAliveMs: 1_000, drainMs: 200 } } });
  const slow = await secureConnection(rig.url, { ca: rig.authority.cert });
  slow.write('GET / HTTP/1.1\r\nHost: s');
  expect(await restOf(slow)).toMatch(/^HTTP\/1.1 408 /);
  const idle = await secureConnection(rig.url, { ca: rig.authority.cert });
  idle.write('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  expect(await restOf(idle)).toMatch(/^HTTP\/1.1 200 /);
});

test('an answer that is long in coming is not taken for an idle connection', async () => {
  rig = await startTlsRig({ proxy: { timeouts: { keepAliveMs: 300, drainMs: 200 } } });
  const arrived = Promise.withResolvers<() => void>();
  rig.legacy.handler = ({ url }, response) => {
    if (url === '/slow') arrived.resolve(() => response.end('at last'));
    else response.end();
  };
  const slow = rig.request('/slow');
  const answer = await arrived.promise;
  const idle = await secureConnection(rig.url, { ca: rig.authority.cert });
  idle.write('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  // It was opened later, and ends first.
  await restOf(idle);
  answer();
  expect(await slow).toMatchObject({ status: 200, text: 'at last' });
});

test('a drain lets a request finish, refuses new connections, and waits for no handshake', async () => {
  rig = await startTlsRig({ proxy: { timeouts: { drainMs: 10_000 } } });
  const arrived = Promise.withResolvers<() => void>();
  rig.legacy.handler = ({ url }, response) => {
    if (url === '/slow') arrived.resolve(() => response.end('finished'));
    else response.end();
  };
  const running = rig.request('/slow');
  const finish = await arrived.promise;
  const half = connect(Number(new URL(rig.url).port), '127.0.0.1').resume();
  half.on('error', () => {});
  half.write(Buffer.from([0x16, 0x03]));
  await once(half, 'connect');
  const began = performance.now();
  const stopped = rig.proxy.stop();
  await until(
    () =>
      rig.request('/late').then(
        () => false,
        ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED',
      ),
    'the listener to close',
  );
  finish();
  expect(await running).toMatchObject({ status: 200, text: 'finished' });
  await stopped;
  // Far below drainMs, at which everything is cut.
  expect(performance.now() - began).toBeLessThan(8_000);
});
