/**
 * Request smuggling by framing: two readers of the same bytes disagree about where a request ends, and one serves as a
 * request what the other reads as a body. Each case is sent through the whole proxy; the upstream reads what arrives
 * with the reference reader, so a smuggled request would be counted there.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { head, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig();
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

const HIDDEN = 'GET /secret HTTP/1.1\r\nHost: h\r\n\r\n';
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

async function expectClean(): Promise<void> {
  wire.forget();
  expect(await wire.answer(head('GET /clean'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*legacy GET \/clean$/);
  expect(wire.legacy.requests).toHaveLength(1);
}

describe('CVE-2026-29057', () => {
  // A proxy that assumes DELETE, OPTIONS and GET to have no body sends their chunked body on without its framing. The
  // upstream then serves the body, which the attacker wrote as a request, past every rule of the proxy.
  for (const method of ['DELETE', 'OPTIONS', 'GET']) {
    it(`keeps the framing of a chunked ${method} whose body is a request`, async () => {
      const bytes = `${head(`${method} /a`, 'Transfer-Encoding: chunked')}${chunk(HIDDEN)}0\r\n\r\n`;
      expect(await wire.answer(bytes)).toContain(`legacy ${method} /a`);
      expect(wire.legacy.requests.map(({ line, body }) => [line, body])).toEqual([
        [`${method} /a HTTP/1.1`, HIDDEN],
      ]);
      expect(wire.legacy.nonsense).toEqual([]);
    });

    it(`keeps the framing of a ${method} with Content-Length whose body is a request`, async () => {
      expect(
        await wire.answer(`${head(`${method} /a`, `Content-Length: ${HIDDEN.length}`)}${HIDDEN}`),
      ).toContain(`legacy ${method} /a`);
      expect(wire.legacy.requests.map(({ body }) => body)).toEqual([HIDDEN]);
      expect(wire.legacy.nonsense).toEqual([]);
    });
  }
});

describe('GHSA-ggv3-7p47-pfv8', () => {
  // The client names Transfer-Encoding in Connection, so that a proxy strips it as a field of the hop and
  // sends the chunks on unframed. With Upgrade in the same request some proxies also stop reading HTTP on the
  // connection.
  for (const fields of [
    ['Connection: Transfer-Encoding, upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked'],
    ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Connection: close, TRANSFER-ENCODING'],
  ]) {
    it(`stays in step: ${fields.join(' · ')}`, async () => {
      await wire.answer(`${head('POST /a', ...fields)}${chunk(HIDDEN)}0\r\n\r\n`);
      expect(wire.legacy.requests.map(({ line, body }) => [line, body])).toEqual([
        ['POST /a HTTP/1.1', HIDDEN],
      ]);
      expect(wire.legacy.nonsense).toEqual([]);
      await expectClean();
    });
  }

  it('keeps Content-Length when Connection names it', async () => {
    const fields = ['Connection: content-length', `Content-Length: ${HIDDEN.length}`];
    await wire.answer(`${head('POST /a', ...fields)}${HIDDEN}`);
    expect(wire.legacy.requests.map(({ body }) => body)).toEqual([HIDDEN]);
  });
});

describe('CVE-2026-1525', () => {
  // Two Content-Length fields that differ in case pass a check that compares names as written. One reader
  // takes the first length, the other the second, and the difference is a request that was never checked.
  for (const [first, second] of [
    ['Content-Length: 0', 'content-length: 37'],
    ['content-length: 37', 'CONTENT-LENGTH: 0'],
    ['Content-Length: 37', 'Content-Length: 37'],
  ]) {
    it(`refuses ${first} with ${second}`, async () => {
      const text = await wire.untilClosed(`${head('POST /a', first!, second!)}${HIDDEN}`);
      expect(problemOf(text)).toMatchObject({ status: 400, code: 'FICUS_PROXY_BAD_REQUEST' });
      expect(wire.legacy.requests).toEqual([]);
      await expectClean();
    });
  }
});

/**
 * Status, and which part of the request is wrong. Nothing of any of them may reach the upstream as a complete request.
 */
const REFUSED: readonly (readonly [name: string, status: number, bytes: string])[] = [
  ['CL.TE', 400, `${head('POST /a', 'Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\nG`],
  [
    'TE.CL',
    400,
    `${head('POST /a', 'Transfer-Encoding: chunked', 'Content-Length: 4')}5c\r\n${HIDDEN}\r\n0\r\n\r\n`,
  ],
  ['chunked, identity', 400, `${head('POST /a', 'Transfer-Encoding: chunked, identity')}0\r\n\r\n`],
  ['identity', 400, `${head('POST /a', 'Transfer-Encoding: identity')}${HIDDEN}`],
  ['identity before chunked', 501, `${head('POST /a', 'Transfer-Encoding: identity, chunked')}0\r\n\r\n`],
  [
    'identity and chunked in two fields',
    501,
    `${head('POST /a', 'Transfer-Encoding: identity', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  ['gzip before chunked', 501, `${head('POST /a', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`],
  [
    'chunked twice',
    400,
    `${head('POST /a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  ['xchunked', 400, `${head('POST /a', 'Transfer-Encoding: xchunked')}0\r\n\r\n`],
  ['"chunked"', 400, `${head('POST /a', 'Transfer-Encoding: "chunked"')}0\r\n\r\n`],
  ['chunked with a parameter', 400, `${head('POST /a', 'Transfer-Encoding: chunked;q=1')}0\r\n\r\n`],
  ['a vertical tab before chunked', 400, `${head('POST /a', 'Transfer-Encoding: \x0bchunked')}0\r\n\r\n`],
  ['a comma after chunked', 400, `${head('POST /a', 'Transfer-Encoding: chunked,')}0\r\n\r\n`],
  ['an empty Transfer-Encoding', 400, `${head('POST /a', 'Transfer-Encoding:')}0\r\n\r\n`],
  [
    'a space before the colon of Transfer-Encoding',
    400,
    `${head('POST /a', 'Transfer-Encoding : chunked')}0\r\n\r\n`,
  ],
  [
    'a tab before the colon of Transfer-Encoding',
    400,
    `${head('POST /a', 'Transfer-Encoding\t: chunked')}0\r\n\r\n`,
  ],
  [
    'Transfer-Encoding in a folded line',
    400,
    `${head('POST /a', 'X-A: b\r\n Transfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  [
    'Transfer-Encoding behind a bare LF',
    400,
    `${head('POST /a', 'X-A: b\nTransfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  [
    'Transfer-Encoding behind a bare CR',
    400,
    `${head('POST /a', 'X-A: b\rTransfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  [
    'Transfer-Encoding in HTTP/1.0',
    400,
    `POST /a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['a signed Content-Length', 400, `${head('POST /a', 'Content-Length: +3')}abc`],
  ['a negative Content-Length', 400, `${head('POST /a', 'Content-Length: -3')}abc`],
  ['a hexadecimal Content-Length', 400, `${head('POST /a', 'Content-Length: 0x3')}abc`],
  ['a Content-Length with a space in it', 400, `${head('POST /a', 'Content-Length: 1 2')}abc`],
  ['an empty Content-Length', 400, `${head('POST /a', 'Content-Length:')}abc`],
  ['a list in Content-Length', 400, `${head('POST /a', 'Content-Length: 3, 3')}abc`],
  ['a Content-Length past 64 bits', 400, `${head('POST /a', 'Content-Length: 18446744073709551619')}abc`],
  [
    'a chunk size past 64 bits',
    400,
    `${head('POST /a', 'Transfer-Encoding: chunked')}10000000000000003\r\nabc\r\n0\r\n\r\n`,
  ],
  ['a signed chunk size', 400, `${head('POST /a', 'Transfer-Encoding: chunked')}+3\r\nabc\r\n0\r\n\r\n`],
  ['a chunk size 0x3', 400, `${head('POST /a', 'Transfer-Encoding: chunked')}0x3\r\nabc\r\n0\r\n\r\n`],
  ['a chunk line ended by LF', 400, `${head('POST /a', 'Transfer-Encoding: chunked')}3\nabc\r\n0\r\n\r\n`],
  [
    'a chunk longer than its size',
    400,
    `${head('POST /a', 'Transfer-Encoding: chunked')}3\r\nabcd\r\n0\r\n\r\n`,
  ],
  ['a chunk ended by LF', 400, `${head('POST /a', 'Transfer-Encoding: chunked')}3\r\nabc\n0\r\n\r\n`],
  [
    'a bare CR in a chunk extension',
    400,
    `${head('POST /a', 'Transfer-Encoding: chunked')}3;a\rb\r\nabc\r\n0\r\n\r\n`,
  ],
  [
    'a bare LF in a chunk extension',
    400,
    `${head('POST /a', 'Transfer-Encoding: chunked')}3;a\nb\r\nabc\r\n0\r\n\r\n`,
  ],
  ['a bad trailer', 400, `${head('POST /a', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\nX-A : b\r\n\r\n`],
  ['a NUL in a value', 400, head('GET /a', 'X-A: b\0c')],
  ['a NUL in a name', 400, head('GET /a', 'X\0A: b')],
  ['a space in the target', 400, 'GET /a /b HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['lines ended by LF', 400, 'GET /a HTTP/1.1\nHost: h\n\n'],
  ['a version beyond', 400, 'GET /a HTTP/1.12\r\nHost: h\r\n\r\n'],
  ['HTTP/0.9', 400, 'GET /a\r\n\r\n'],
  ['no version, and fields', 400, 'GET /a\r\nHost: h\r\n\r\n'],
  ['no version, and a body', 400, `POST /a\r\nHost: h\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
  ['a version 0.9', 400, 'GET /a HTTP/0.9\r\nHost: h\r\n\r\n'],
  ['a version 2.0', 505, 'GET /a HTTP/2.0\r\nHost: h\r\n\r\n'],
  [
    'an upgrade in version 2.0',
    505,
    head('GET /a', 'Connection: Upgrade', 'Upgrade: x').replace('1.1', '2.0'),
  ],
];

describe('refused, with nothing complete at the upstream and the next request unaffected', () => {
  test.each(REFUSED)('%s', async (_name, status, bytes) => {
    const text = await wire.untilClosed(bytes);
    expect(problemOf(text)).toMatchObject({ status });
    expect(wire.legacy.requests.map(({ raw }) => raw)).toEqual([]);
    expect(wire.legacy.nonsense).toEqual([]);
    await expectClean();
  });
});

describe('CVE-2024-27982 and CVE-2023-30589', () => {
  // A space before the colon, or a bare CR as the end of a line, is a field for one reader and none for the other.
  // Whatever follows it is then a request of its own for the more lenient of the two.
  test.each([
    ['a space before the colon', head('POST /a', 'Content-Length : 37') + HIDDEN],
    ['a space before the first field', `POST /a HTTP/1.1\r\n Host: h\r\nContent-Length: 37\r\n\r\n${HIDDEN}`],
    ['a bare CR between fields', `POST /a HTTP/1.1\r\nHost: h\rContent-Length: 37\r\n\r\n${HIDDEN}`],
    [
      'a bare CR before the empty line',
      `POST /a HTTP/1.1\r\nHost: h\r\nX: \r\n\rContent-Length: 37\r\n\r\n${HIDDEN}`,
    ],
  ])('%s is answered 400', async (_name, bytes) => {
    expect(problemOf(await wire.untilClosed(bytes))).toMatchObject({ status: 400 });
    expect(wire.legacy.requests).toEqual([]);
    await expectClean();
  });
});

describe('a-problem-inside-a-response', () => {
  // After a request whose answer has begun, the client sends invalid bytes. If the refusal were written at once, the
  // client (or a cache in between) would take it for the rest of the body: a complete response with a forged tail.
  it('is never written: the begun response is cut, and counted as refused', async () => {
    wire.legacy.script = () => 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart';
    const client = await wire.client(head('GET /a'));
    await client.until((text) => text.endsWith('part'));
    client.socket.write('NO REQUEST\r\n\r\n');
    expect(await client.untilEnd()).toMatch(/\r\n\r\npart$/);
    expect(wire.rig.logs.filter(({ reason }) => reason === 'method-unknown')).toHaveLength(1);
  });

  it('follows no refusal: one answer, one line in the log', async () => {
    wire.rig.logs.length = 0;
    const text = await wire.untilClosed(`${head('POST /a', 'Transfer-Encoding: xchunked')}0\r\n\r\n`);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(wire.rig.logs.filter(({ msg }) => msg === 'request refused')).toHaveLength(1);
  });
});
