/**
 * An upstream that is broken or compromised, with invalid answers. Where the client has seen nothing the proxy answers
 * 502 or 504; a response that has begun is cut, and never looks complete. Bytes after a message on its connection reach
 * no client: the next one would take them for its own answer.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { head, ok, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let patient: WireRig;
/** For upstreams that are silent or slow. */
let hasty: WireRig;
let wire: WireRig;
beforeAll(async () => {
  const legacy = { pool: { connections: 4 } };
  patient = await startWireRig({ legacy, proxy: { expose: false } });
  hasty = await startWireRig({
    legacy: { ...legacy, timeouts: { firstByteMs: 1_000, idleMs: 1_000 } },
    proxy: { expose: false },
  });
});
afterAll(() => Promise.all([patient.close(), hasty.close()]));
beforeEach(() => {
  wire = patient;
  wire.forget();
});

/** Four requests, for all connections of the pool: each is answered with its own path and nothing else. */
async function expectClean(): Promise<void> {
  wire.legacy.script = ({ line }) => ok(line.split(' ')[1]!);
  const paths = ['/one', '/two', '/three', '/four'];
  const texts = await Promise.all(paths.map((path) => wire.answer(head(`GET ${path}`))));
  for (const [index, text] of texts.entries()) {
    expect(text).toBe(
      `HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: ${paths[index]!.length}\r\n\r\n${paths[index]}`,
    );
  }
}

const OK = 'HTTP/1.1 200 OK\r\n';
const EVIL = ok('evil');

const INVALID: readonly (readonly [name: string, answer: string])[] = [
  [
    'Content-Length and Transfer-Encoding',
    `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  ],
  [
    'Transfer-Encoding and Content-Length',
    `${OK}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  ],
  ['two Content-Length that differ', `${OK}Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc${EVIL}`],
  ['a signed Content-Length', `${OK}Content-Length: +3\r\n\r\nabc`],
  ['a hexadecimal Content-Length', `${OK}Content-Length: 0x3\r\n\r\nabc`],
  ['an empty Content-Length', `${OK}Content-Length:\r\n\r\nabc`],
  ['a Content-Length past 64 bits', `${OK}Content-Length: 18446744073709551619\r\n\r\nabc`],
  ['a coding before chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a coding after chunked', `${OK}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunked behind a vertical tab', `${OK}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a space in a name', `${OK}X A: b\r\nContent-Length: 3\r\n\r\nabc`],
  ['a field without a name', `${OK}: b\r\nContent-Length: 3\r\n\r\nabc`],
  ['a line without a colon', `${OK}nothing\r\nContent-Length: 3\r\n\r\nabc`],
  ['a NUL in a value', `${OK}X-A: b\0c\r\nContent-Length: 3\r\n\r\nabc`],
  ['a NUL in a name', `${OK}X\0A: b\r\nContent-Length: 3\r\n\r\nabc`],
  ['a byte past ASCII in a name', `${OK}X-\xe9: b\r\nContent-Length: 3\r\n\r\nabc`],
  ['a folded first line', `${OK} X-A: b\r\nContent-Length: 3\r\n\r\nabc`],
  ['a bare CR between fields', `${OK}X-A: b\rX-B: c\r\nContent-Length: 3\r\n\r\nabc`],
  ['a bare CR for the empty line', `${OK}Content-Length: 3\r\n\r\rabc`],
  ['a status line that is none', 'nonsense\r\n\r\n'],
  ['HTTP/2 on an HTTP/1.1 connection', '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0d'],
  ['HTTP/0.9', '<html>hello, this is the page itself</html>\r\n'],
  ['another version', 'HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 3\r\n\r\nabc'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 3\r\n\r\nabc'],
  ['a status 099', 'HTTP/1.1 099 OK\r\nContent-Length: 3\r\n\r\nabc'],
  ['an empty line first', `\r\n${OK}Content-Length: 3\r\n\r\nabc`],
  ['a head without end', `${OK}${'X-A: b\r\n'.repeat(20_000)}`],
  ['a field without end', `${OK}X-A: ${'b'.repeat(200_000)}`],
  ['an excess of fields', `${OK}${'A:b\r\n'.repeat(600)}\r\n`],
  [
    '101 without an upgrade request',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: Upgrade\r\n\r\nevil',
  ],
];

describe('a head that is not HTTP/1.1 is answered 502', () => {
  test.each(INVALID)('%s', async (_name, answer) => {
    wire.legacy.script = () => answer;
    const text = await wire.answer(head('GET /a'));
    expect(problemOf(text)).toMatchObject({ status: 502, code: 'FICUS_PROXY_UPSTREAM_INVALID' });
    expect(text).not.toContain('evil');
    await expectClean();
  });

  it('a flood of interim responses', async () => {
    wire.legacy.script = () => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(10_000);
    const text = await wire.answer(head('GET /a'));
    const parts = text.split('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    expect(parts.length).toBeLessThan(40);
    expect(problemOf(parts.at(-1)!)).toMatchObject({ status: 502, code: 'FICUS_PROXY_UPSTREAM_INVALID' });
    await expectClean();
  });
});

describe('nothing, or not enough, in time', () => {
  test.each([
    ['closes at once', ''],
    ['closes in its status line', 'HTTP/1.1 20'],
    ['closes in its head', `${OK}Content-Le`],
    ['closes after an interim response', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('an upstream that %s is answered 502', async (_name, part) => {
    for (const cut of ['end', 'reset'] as const) {
      wire.legacy.script = (_request, socket) => {
        if (cut === 'end') socket.end(part);
        else socket.write(part, () => socket.resetAndDestroy());
        return undefined;
      };
      const text = (await wire.answer(head('POST /a', 'Content-Length: 0'))).replace(
        'HTTP/1.1 100 Continue\r\n\r\n',
        '',
      );
      expect(problemOf(text)).toMatchObject({ status: 502, code: 'FICUS_PROXY_UPSTREAM_RESET' });
    }
    await expectClean();
  });

  it('a head that arrives byte by byte is answered 504: bytes are not progress', async () => {
    wire = hasty;
    const timers: NodeJS.Timeout[] = [];
    wire.legacy.script = (_request, socket) => {
      socket.write(OK);
      timers.push(setInterval(() => socket.write('X'), 20));
      return undefined;
    };
    try {
      const text = await wire.answer(head('GET /a'));
      expect(problemOf(text)).toMatchObject({ status: 504, code: 'FICUS_PROXY_UPSTREAM_TIMEOUT' });
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
    await expectClean();
  });

  it('an upstream that says nothing is answered 504', async () => {
    wire = hasty;
    wire.legacy.script = () => undefined;
    expect(problemOf(await wire.answer(head('GET /a')))).toMatchObject({ status: 504 });
    await expectClean();
  });
});

describe('bytes behind a response reach no client', () => {
  test.each([
    ['Content-Length', `${OK}Date: D\r\nContent-Length: 2\r\n\r\nok`, 'GET'],
    ['no body', `${OK}Date: D\r\nContent-Length: 0\r\n\r\n`, 'GET'],
    ['chunks', `${OK}Date: D\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, 'GET'],
    ['204', 'HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n', 'GET'],
    ['304', 'HTTP/1.1 304 Not Modified\r\nDate: D\r\nContent-Length: 9\r\n\r\n', 'GET'],
    ['the head of a HEAD', `${OK}Date: D\r\nContent-Length: 40\r\n\r\n`, 'HEAD'],
    ['the chunked head of a HEAD', `${OK}Date: D\r\nTransfer-Encoding: chunked\r\n\r\n`, 'HEAD'],
  ])('%s', async (_name, answer, method) => {
    for (const surplus of [EVIL, 'x', '\r\n', '0\r\n\r\n']) {
      for (const late of [false, true]) {
        wire.legacy.script = (_request, socket) => {
          if (!late) return answer + surplus;
          socket.write(answer, () => setImmediate(() => socket.write(surplus)));
          return undefined;
        };
        const client = await wire.client(head(`${method} /a`));
        expect(await client.until((text) => text.length >= answer.length)).toBe(answer);
        // The same client continues, and others come.
        wire.legacy.script = ({ line }) => ok(line.split(' ')[1]!);
        client.socket.write(head('GET /next'));
        expect(await client.until((text) => text.endsWith('/next'))).not.toContain('evil');
        await expectClean();
      }
    }
  });
});

describe('framing-named-in-the-connection-of-an-upstream', () => {
  // The upstream names its own framing in Connection. A proxy that strips it leaves a body without bounds on
  // a connection that is kept, and the next response is read from inside it.
  test.each([
    ['Content-Length', `Content-Length: 2\r\n\r\nok`],
    ['Transfer-Encoding', `Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
  ])('%s stays', async (name, rest) => {
    wire.legacy.script = () =>
      `${OK}Date: D\r\nConnection: ${name.toLowerCase()}, x-hop\r\nX-Hop: 1\r\n${rest}`;
    expect(await wire.answer(head('GET /a'))).toBe(`${OK}Date: D\r\n${rest}`);
    await expectClean();
  });
});
