/**
 * An upstream that fails in the middle of a body: the client must be able to tell. With Content-Length it gets fewer
 * bytes than announced, with chunks no last chunk, and its connection ends; a partial body never looks complete.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../integration/proxy/rig.ts';
import { readResponse } from './reference-reader.ts';
import { head, ok, startWireRig, type WireRig } from './wire-rig.ts';

let patient: WireRig;
/** For upstreams that fall silent. */
let hasty: WireRig;
let wire: WireRig;
beforeAll(async () => {
  patient = await startWireRig();
  hasty = await startWireRig({ legacy: { timeouts: { firstByteMs: 1_000, idleMs: 1_000 } } });
});
afterAll(() => Promise.all([patient.close(), hasty.close()]));
beforeEach(() => {
  wire = patient;
  wire.forget();
});

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

async function expectClean(): Promise<void> {
  wire.legacy.script = ({ line }) => ok(line.split(' ')[1]!);
  expect(await wire.answer(head('GET /clean'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^<]*\r\n\r\n\/clean$/);
}

/** Sends the request on a connection that has served before, so that there is something to spoil. */
async function cutShort(answer: string, then: 'end' | 'reset' | 'nothing'): Promise<string> {
  wire.rig.logs.length = 0;
  wire.legacy.script = (_request, socket) => {
    const bytes = Buffer.from(answer, 'latin1');
    if (then === 'end') socket.end(bytes);
    else socket.write(bytes);
    return undefined;
  };
  const client = await wire.client(head('GET /a'));
  if (then === 'reset') {
    // A reset overtakes unread data.
    await client.until((text) => text.includes('four'));
    for (const socket of wire.legacy.sockets) socket.resetAndDestroy();
  }
  return client.untilEnd();
}

describe('a body that is cut short is never made to look complete', () => {
  test.each([
    ['Content-Length, closed', `${OK}Content-Length: 10\r\n\r\nfour`, 'end', 'reset'],
    ['Content-Length, reset', `${OK}Content-Length: 10\r\n\r\nfour`, 'reset', 'reset'],
    ['Content-Length, silent', `${OK}Content-Length: 10\r\n\r\nfour`, 'nothing', 'timed-out'],
    ['chunks, closed between two', `${CHUNKED}4\r\nfour\r\n`, 'end', 'reset'],
    ['chunks, closed inside one', `${CHUNKED}a\r\nfour`, 'end', 'reset'],
    ['chunks, closed in the size', `${CHUNKED}4\r\nfour\r\n1`, 'end', 'reset'],
    ['chunks, closed before the trailers end', `${CHUNKED}4\r\nfour\r\n0\r\nX: y\r\n`, 'end', 'reset'],
    ['chunks, closed after the last size', `${CHUNKED}4\r\nfour\r\n0\r\n`, 'end', 'reset'],
    ['chunks, reset', `${CHUNKED}4\r\nfour\r\n`, 'reset', 'reset'],
    ['chunks, silent', `${CHUNKED}4\r\nfour\r\n`, 'nothing', 'timed-out'],
    ['a connection-delimited body, reset', `${OK}\r\nfour`, 'reset', 'reset'],
  ] as const)('%s', async (_name, answer, then, cause) => {
    if (then === 'nothing') wire = hasty;
    const text = await cutShort(answer, then);
    expect(readResponse(text, 'GET', true).kind).not.toBe('complete');
    expect(text).not.toContain('problem+json');
    await until(() => wire.rig.logs.some(({ msg }) => msg === 'request failed'), 'logged');
    expect(wire.rig.logs.find(({ msg }) => msg === 'request failed')).toMatchObject({
      failedSide: 'upstream',
      phase: 'receive',
      cause,
      responseStarted: true,
    });
    await expectClean();
  });
});

describe('a body whose framing breaks is cut', () => {
  test.each([
    ['a size that is no number', 'xyz\r\nfour'],
    ['a size with a sign', '+4\r\nfour\r\n'],
    ['a size 0x4', '0x4\r\nfour\r\n'],
    ['a size past 52 bits', '100000000000000\r\nfour\r\n'],
    ['an empty size', '\r\nfour\r\n'],
    ['a size and something else', '4 4\r\nfour\r\n'],
    ['a size line ended by CR', '4\rfour\r\n'],
    ['a chunk longer than its size', '4\r\nfour!\r\n'],
    ['a bare LF in an extension', '4;a\nb\r\nfour\r\n'],
    ['a NUL in an extension', '4;a\0b\r\nfour\r\n'],
    ['an extension without end', `4;${'a'.repeat(200_000)}`],
    ['extensions without end over many chunks', `1;${'a'.repeat(1_000)}\r\nx\r\n`.repeat(200)],
    ['a trailer that is none', '0\r\nnothing\r\n\r\n'],
    ['a space before the colon of a trailer', '0\r\nX-A : b\r\n\r\n'],
    ['a folded trailer', '0\r\nX-A: b\r\n c\r\n\r\n'],
    ['trailers without end', `0\r\n${'X-A: b\r\n'.repeat(20_000)}`],
  ])('%s', async (_name, rest) => {
    for (const before of ['', '3\r\nabc\r\n']) {
      wire.rig.logs.length = 0;
      wire.legacy.script = () => CHUNKED + before + rest;
      const text = await wire.answer(head('GET /a'));
      expect(readResponse(text, 'GET', true).kind === 'complete' && !text.includes('HTTP/1.1 502')).toBe(
        false,
      );
      await until(() => wire.rig.logs.some(({ msg }) => msg === 'request failed'), 'logged');
      expect(wire.rig.logs.find(({ msg }) => msg === 'request failed')).toMatchObject({
        failedSide: 'upstream',
        cause: 'invalid',
      });
      await expectClean();
    }
  });
});

describe('odd but complete responses arrive complete', () => {
  test.each([
    ['HTTP/1.0 with Content-Length', 'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfour', 'four'],
    ['HTTP/1.0 until the end', 'HTTP/1.0 200 OK\r\n\r\nfour', 'four'],
    ['HTTP/1.1 until the end', 'HTTP/1.1 200 OK\r\n\r\nfour', 'four'],
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nfour', 'four'],
    ['an unknown status', 'HTTP/1.1 799 Fine\r\nContent-Length: 4\r\n\r\nfour', 'four'],
    ['a chunk size with zeros before it', `${CHUNKED}0004\r\nfour\r\n000\r\n\r\n`, 'four'],
    ['a chunk size with spaces behind it', `${CHUNKED}4  \r\nfour\r\n0\r\n\r\n`, 'four'],
    ['extensions', `${CHUNKED}4;a=b;c="d;e"\r\nfour\r\n0;z\r\n\r\n`, 'four'],
  ])('%s', async (_name, answer, body) => {
    wire.legacy.script = (_request, socket) => {
      socket.end(answer);
      return undefined;
    };
    const reading = readResponse(await wire.answer(head('GET /a')), 'GET', false);
    expect(reading).toMatchObject({ kind: 'complete', message: { body, rest: '' } });
    await expectClean();
  });
});
