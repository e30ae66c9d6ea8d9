/**
 * Requests that are odd and not dangerous: what a monolith answers today reaches it byte for byte as long as no slice
 * depends on it. Where one does, the same oddities never lead around the side that serves it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { rawClient, startRawUpstream } from '../integration/forward/forwarder-rig.ts';
import { startRig } from '../integration/proxy/rig.ts';
import { head, ok, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({
    serve: 100,
    routes: [
      { id: 'orders', methods: ['GET', 'POST'], path: '/api/orders' },
      { id: 'order', path: '/api/orders/:id' },
      { id: 'shelf', path: '/api/caf\u00e9' },
    ],
  });
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

const legacyLines = () => wire.legacy.requests.map(({ line }) => line);
const candidateLines = () => wire.candidate.requests.map(({ line }) => line);

describe('reaches the monolith as it came', () => {
  test.each([
    'GET /men\xc3\xbc/stra\xdfe HTTP/1.1',
    'GET /find?name=Zo\xc3\xab&city=K\xf6ln HTTP/1.1',
    'GET /\xff\x80 HTTP/1.1',
    'POST /up\xe9?x HTTP/1.1',
    'GET /share\\old\\report.doc HTTP/1.1',
    'GET /r/https%3A%2F%2Fa%2F..%2Fb HTTP/1.1',
    'GET /promo/100%/off%zz HTTP/1.1',
    'GET /nul%00byte HTTP/1.1',
    'GET /page#top?x HTTP/1.1',
    'GET /%2e%2e/%2E./x HTTP/1.1',
    'BAN /cache HTTP/1.1',
    'RPC_IN_DATA /rpc/rpcproxy.dll?x:6001 HTTP/1.1',
    'VERSION-CONTROL /dav/a HTTP/1.1',
    'BCOPY /exchange/\xe4 HTTP/1.1',
  ])('%j', async (line) => {
    const text = await wire.answer(`${line}\r\nHost: h\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(legacyLines()).toEqual([line]);
    expect(wire.legacy.nonsense).toEqual([]);
  });

  test.each(['HTTP/1.2', 'HTTP/1.9'])('in %s, as the highest version that is known', async (version) => {
    const text = await wire.answer(`GET /v ${version}\r\nHost: h\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 .*legacy GET \/v$/s);
    expect(legacyLines()).toEqual(['GET /v HTTP/1.1']);
  });

  it('with a Host whose port is empty', async () => {
    await wire.answer('GET /p HTTP/1.1\r\nHost: shop.example:\r\n\r\n');
    expect(wire.legacy.requests[0]!.raw).toContain('Host: shop.example:\r\n');
  });

  test.each([
    '4 \r\nbody\r\n0\r\n\r\n',
    '4\t ;a=b\r\nbody\r\n000 \r\n\r\n',
    '0004;q="\\";"\r\nbody\r\n0;z\r\n\r\n',
  ])('with chunk lines %j', async (chunks) => {
    await wire.answer(`${head('POST /c', 'Transfer-Encoding: chunked')}${chunks}`);
    expect(wire.legacy.requests.map(({ body }) => body)).toEqual(['body']);
  });
});

describe('a connection', () => {
  it('is kept, with a body, and with what follows', async () => {
    const client = await wire.client(`${head('PUT /\xe9', 'Content-Length: 3')}abc`);
    await client.until((text) => text.endsWith('legacy PUT /\xe9'));
    client.socket.write(Buffer.from(head('BAN /two'), 'latin1'));
    await client.until((text) => text.endsWith('legacy BAN /two'));
    client.socket.write(Buffer.from(head('GET /\xf6') + head('GET /plain'), 'latin1'));
    await client.until((text) => text.endsWith('legacy GET /plain'));
    expect(legacyLines()).toEqual([
      'PUT /\xe9 HTTP/1.1',
      'BAN /two HTTP/1.1',
      'GET /\xf6 HTTP/1.1',
      'GET /plain HTTP/1.1',
    ]);
    expect(wire.legacy.requests[0]!.body).toBe('abc');
  });

  it('may be cut behind the odd byte, in the line and in the fields', async () => {
    const bytes = head('GET /\xe4bc/def', 'X-Last: 1');
    for (const cut of [6, 8, 20, bytes.length - 3]) {
      wire.forget();
      const client = await wire.client(bytes.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.socket.write(Buffer.from(bytes.slice(cut), 'latin1'));
      await client.until((text) => text.endsWith('legacy GET /\xe4bc/def'));
      expect(legacyLines()).toEqual(['GET /\xe4bc/def HTTP/1.1']);
    }
  });

  it('is refused when what follows the odd line is malformed, and only then', async () => {
    for (const rest of ['X : a', 'Content-Length: 1\r\nContent-Length: 2', 'Transfer-Encoding: x, y']) {
      const text = await wire.untilClosed(`GET /\xe4 HTTP/1.1\r\nHost: h\r\n${rest}\r\n\r\n`);
      expect(problemOf(text)?.status).toBeGreaterThanOrEqual(400);
    }
    expect(legacyLines()).toEqual([]);
    expect(wire.rig.logs.filter(({ msg }) => msg === 'request refused')).toHaveLength(3);
  });

  it('never takes half a method, or what follows an unanswered request, for the beginning of one', async () => {
    for (const [begin, end] of [
      ['UN', 'LOCK /\xe9'],
      ['M', 'OX /x'],
      ['PROP', 'PATCH /\xe9'],
    ] as const) {
      const post = head('POST /a', 'Content-Length: 2');
      const client = await wire.client(`${post}ab${begin}`);
      await client.until((text) => text.endsWith('legacy POST /a'));
      client.socket.write(Buffer.from(head(end), 'latin1'));
      expect(await client.untilEnd()).toContain('400 Bad Request');
      await wire.untilClosed(`${post}ab${head(end)}`);
    }
    expect(legacyLines().filter((line) => !line.startsWith('POST /a '))).toEqual([]);
  });

  it.each([
    ['a method', 'M', 'OX /x'],
    ['a line', 'GET /x?', 'GET /\xe9'],
    ['a whole request', head('GET /inner', 'X-User: admin'), 'GET /\xe9'],
    ['a whole request, and more', `${head('GET /inner', 'X-User: admin')}0123`, 'FOO /'],
  ])('never takes for a request the end of a body that looks like %s', async (_name, rest, line) => {
    const upstream = await startRawUpstream((socket) => void socket.write(ok('early')));
    const rig = await startRig({ legacy: { url: upstream.url } });
    const begun = 'the beginning';
    const post = head('POST /early', `Content-Length: ${begun.length + rest.length}`);
    const client = await rawClient(Number(new URL(rig.url).port), post + begun);
    try {
      await client.until((text) => text.endsWith('early'));
      // Small enough to be one read.
      client.socket.write(Buffer.from(rest + head(line), 'latin1'));
      expect(await client.untilEnd()).toMatch(/early(HTTP\/1\.1 400 .*)?$/s);
      expect(upstream.received.join('')).not.toMatch(/inner|MOX|GET|FOO/);
    } finally {
      client.close();
      await upstream.close();
      await rig.close();
    }
  });

  it('takes an odd line after a body that was complete', async () => {
    const client = await wire.client(head('POST /a', 'Content-Length: 2'));
    client.socket.write('ab');
    await client.until((text) => text.endsWith('legacy POST /a'));
    client.socket.write(Buffer.from(head('LOCK /\xe9'), 'latin1'));
    await client.until((text) => text.endsWith('legacy LOCK /\xe9'));
  });

  it('is upgraded under its own target', async () => {
    const fields = ['Connection: Upgrade', 'Upgrade: websocket'];
    await wire.answer(head('GET /live/\xe9', ...fields));
    expect(wire.legacy.requests[0]!.raw).toMatch(/^GET \/live\/\xe9 HTTP\/1\.1\r\n[\s\S]*Upgrade: websocket/);
  });
});

describe('where a slice depends on it', () => {
  test.each([
    ['/api/orders\\7', '400'],
    ['/api\\orders', '400'],
    ['/x\\..\\api/orders', '400'],
    ['/api/orders%00', '400'],
    ['/api/./%6frders', 'candidate'],
    ['//api/orders', 'candidate'],
    ['/api/orders/\xe9', 'candidate'],
    ['/api/caf\xc3\xa9', 'candidate'],
    ['/api/orders/%zz', 'candidate'],
  ])('%j is answered by: %s', async (target, expected) => {
    const text = await wire.answer(head(`GET ${target}`));
    expect(problemOf(text) ? '400' : candidateLines()[0]).toBe(
      expected === '400' ? '400' : `GET ${target} HTTP/1.1`,
    );
    expect(legacyLines()).toEqual([]);
  });

  test.each(['post /api/orders', 'Get /api/orders', 'get /\xe9'])('%j is refused', async (line) => {
    expect(problemOf(await wire.untilClosed(head(line)))).toMatchObject({ status: 400 });
    expect([...legacyLines(), ...candidateLines()]).toEqual([]);
  });
});

describe('another protocol is refused', () => {
  test.each([
    'GET /a RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    'DESCRIBE /a RTSP/1.0\r\nCSeq: 2\r\n\r\n',
    'OPTIONS rtsp://h/a RTSP/1.0\r\nCSeq: 3\r\n\r\n',
    'PLAY /a RTSP/1.1\r\n\r\n',
    'SOURCE /stream ICE/1.0\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /\xe9 HTTP/3.0\r\nHost: h\r\n\r\n',
    'EHLO mail.example\r\n',
    'SSH-2.0-OpenSSH_9.9\r\n',
    '\x16\x03\x01\x02\x00\x01\r\n',
    '*1\r\n$4\r\nPING\r\n',
  ])('%j', async (bytes) => {
    expect(problemOf(await wire.untilClosed(bytes))?.status).toBeGreaterThanOrEqual(400);
    expect([...legacyLines(), ...candidateLines()]).toEqual([]);
  });
});
