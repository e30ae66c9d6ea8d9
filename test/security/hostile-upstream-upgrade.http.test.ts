/**
 * The same hostile upstream where a client wants to upgrade, and where it gets a shadow copy. An upgrade that is not
 * accepted in order ends in a problem document or a cut connection; the client never notices a shadow.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { until } from '../integration/proxy/rig.ts';
import { readResponse } from './reference-reader.ts';
import { head, ok, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({ shadow: 100 });
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

const OK = 'HTTP/1.1 200 OK\r\nDate: D\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n';
const UPGRADE = head('GET /socket', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13');

async function expectClean(): Promise<void> {
  wire.legacy.script = ({ line }) => ok(line.split(' ')[1]!);
  expect(await wire.answer(head('GET /clean'))).toMatch(/\r\n\r\n\/clean$/);
}

describe('an upgrade that is answered', () => {
  test.each([
    ['with nonsense', 'nonsense\r\n\r\n'],
    ['with two framings', `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`],
    ['with 101 that names no protocol', `${SWITCH}\r\nevil`],
    ['with 101 and a bad field', `${SWITCH}Upgrade: websocket\r\nX y\r\n\r\nevil`],
    ['with a flood of hints', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(5_000)],
    ['with a head without end', `${OK}${'X: y\r\n'.repeat(50_000)}`],
  ])('%s ends in 502', async (_name, answer) => {
    wire.legacy.script = () => answer;
    const text = (await wire.untilClosed(UPGRADE)).replace(/^(HTTP\/1\.1 103 Early Hints\r\n\r\n)+/, '');
    expect(problemOf(text)).toMatchObject({ status: 502, code: 'FICUS_PROXY_UPSTREAM_INVALID' });
    await expectClean();
  });

  it('with 101 and fields of a body is a tunnel, and its client sees none of them', async () => {
    wire.legacy.script = (_request, socket) => {
      socket.end(
        `${SWITCH}Upgrade: websocket\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nbytes`,
      );
      return undefined;
    };
    const text = await wire.untilClosed(UPGRADE);
    expect(text).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\nbytes$/s);
    expect(text).not.toMatch(/content-length|transfer-encoding/i);
    await expectClean();
  });

  test.each([
    ['Content-Length', `${OK}Content-Length: 9\r\n\r\nx`],
    ['chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`],
    ['bad chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\nnonsense`],
  ])('in part (%s) is cut', async (_name, answer) => {
    wire.legacy.script = (_request, socket) => {
      socket.end(answer);
      return undefined;
    };
    const text = await wire.untilClosed(UPGRADE);
    expect(readResponse(text, 'GET', true).kind === 'complete' && !problemOf(text)).toBe(false);
    await expectClean();
  });

  it('with its own refusal is passed on completely, and ends the connection', async () => {
    wire.legacy.script = () =>
      `HTTP/1.1 403 No\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n${ok('evil')}`;
    // What the client sent along, as if upgraded, is never served.
    const text = await wire.untilClosed(`${UPGRADE}${head('GET /early')}`);
    expect(readResponse(text, 'GET', true)).toMatchObject({
      kind: 'complete',
      message: { body: 'no', rest: '' },
    });
    expect(wire.legacy.received.join('')).not.toContain('/early');
    await expectClean();
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('%s without a body gets no end of a body either', async (method, answer) => {
    wire.legacy.script = () => answer;
    const text = await wire.untilClosed(UPGRADE.replace('GET', method));
    expect(text).toMatch(/^HTTP\/1\.1 (200|304) /);
    expect(text.indexOf('\r\n\r\n')).toBe(text.length - 4);
  });

  it('in HTTP/1.0 gets no chunks', async () => {
    wire.legacy.script = () => `HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n`;
    const text = await wire.untilClosed(UPGRADE.replace('HTTP/1.1', 'HTTP/1.0'));
    expect(text).toMatch(/\r\n\r\nno$/);
    expect(text).not.toMatch(/chunked/i);
  });
});

describe('a shadow copy that is answered', () => {
  const shadows = () => wire.candidate.requests.filter(({ raw }) => raw.includes('x-ficus-shadow: 1'));

  test.each([
    ['with nonsense', 'nonsense\r\n\r\n'],
    ['with two framings', `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`],
    ['with bytes behind it', `${ok('shadow')}${ok('evil')}`],
    ['in part', `${OK}Content-Length: 100\r\n\r\nx`],
    ['not at all', undefined],
    ['with a head without end', `${OK}${'X: y\r\n'.repeat(50_000)}`],
  ])('%s changes nothing for the live request', async (_name, answer) => {
    wire.candidate.script = () => answer;
    wire.legacy.script = () => ok('live');
    for (let times = 1; times <= 3; times += 1) {
      expect(await wire.answer(head('GET /api/notes'))).toMatch(/\r\n\r\nlive$/);
      await until(() => shadows().length === times, 'copied');
    }
  });
});
