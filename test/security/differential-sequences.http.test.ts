/**
 * More than one message on a connection, directly to the upstream and through the proxy: what each side sees, in which
 * order.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { rawClient } from '../integration/forward/forwarder-rig.ts';
import { until } from '../integration/proxy/rig.ts';
import type { ReadRequest } from './reference-reader.ts';
import { head, ok, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({ proxy: { expose: false }, legacy: { timeouts: { firstByteMs: 2_000 } } });
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

const target = ({ line }: ReadRequest) => line.split(' ')[1]!;
/** Both ways: the port of the upstream, and the port of the proxy. */
const ports = () => [wire.legacy.port, wire.port];

async function both(play: (port: number) => Promise<string>): Promise<void> {
  const [straight, through] = [await play(ports()[0]!), await play(ports()[1]!)];
  expect(through).toBe(straight);
}

describe('directly and through the proxy', () => {
  it('pipelined requests are answered in their order, bodies and all', async () => {
    wire.legacy.script = (request) => ok(`${target(request)} ${request.body}`);
    const requests = [
      head('GET /1'),
      `${head('POST /2', 'Content-Length: 3')}two`,
      head('HEAD /3'),
      `${head('POST /4', 'Transfer-Encoding: chunked')}4\r\nfour\r\n0\r\n\r\n`,
      head('GET /5'),
    ];
    // Directly, this upstream would send HEAD a body: so only the proxy's side is checked.
    const client = await rawClient(wire.port, requests.join(''));
    const text = await client.until((all) => all.endsWith('/5 '));
    client.close();
    const expected = ['/1 ', '/2 two', undefined, '/4 four', '/5 '];
    const parts = text.split(/(?=HTTP\/1\.1)/);
    expect(parts.map((part) => part.split('\r\n\r\n')[1] || undefined)).toEqual(expected);
  });

  it('a pipelined request behind another waits for its answer: one place at the upstream, and writes before reads', async () => {
    const answers: (() => void)[] = [];
    wire.legacy.script = (request, socket) => {
      if (target(request) !== '/slow') return ok(target(request));
      answers.push(() => socket.write(ok('/slow')));
      return undefined;
    };
    const write = head('POST /slow', 'Content-Length: 0');
    const behind = `${head('POST /big', 'Content-Length: 100000')}${'b'.repeat(100_000)}`;
    const client = await rawClient(wire.port, write + head('GET /fast') + behind + head('GET /last'));
    await until(() => answers.length === 1, 'the first at the upstream');
    // Another client's whole exchange later, there is still only the first.
    expect(await wire.answer(head('GET /other'))).toBe(ok('/other'));
    expect(wire.legacy.requests.map(target)).toEqual(['/slow', '/other']);
    expect(client.text).toBe('');
    for (const answer of answers) answer();
    const all = ['/slow', '/fast', '/big', '/last'];
    expect(await client.until((text) => text.endsWith('/last'))).toBe(all.map((each) => ok(each)).join(''));
    client.close();
  });

  it('invalid bytes behind a request do not become its answer', async () => {
    wire.legacy.script = (request, socket) => {
      setTimeout(() => socket.write(ok(target(request))), 50);
      return undefined;
    };
    for (const nonsense of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nX : y\r\n\r\n']) {
      const text = await wire.untilClosed(head('POST /sound', 'Content-Length: 0') + nonsense);
      expect(text).toBe(ok('/sound').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    }
  });

  test.each([
    ['a refusal', 'GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'],
    ['Connection: close', `${head('POST /first', 'Connection: close', 'Content-Length: 3')}abc`],
    ['HTTP/1.0', 'GET /first HTTP/1.0\r\nHost: h\r\n\r\n'],
  ])('nothing is served behind %s', async (_name, first) => {
    const upgrade = head('GET /second', 'Connection: Upgrade', 'Upgrade: websocket');
    wire.legacy.script = (request) => ok(target(request));
    for (let times = 0; times < 20; times += 1) {
      for (const second of [head('GET /second'), `${head('POST /second', 'Content-Length: 1')}x`, upgrade]) {
        expect((await wire.untilClosed(first + second)).match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
        await wire.answer(head('GET /after'));
        expect(wire.legacy.requests.map(target)).not.toContain('/second');
      }
    }
  });

  it('an upgrade behind a request does not take its place', async () => {
    wire.legacy.script = (request) => ok(target(request));
    const upgrade = head('GET /second', 'Connection: Upgrade', 'Upgrade: websocket');
    const client = await rawClient(wire.port, head('GET /first') + upgrade);
    expect(await client.until((text) => text.endsWith('/second'))).toBe(ok('/first') + ok('/second'));
    client.close();
    const connect = await wire.untilClosed(`${head('GET /first')}CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect(connect).not.toContain('405');
  });

  test.each([
    ['is let in by the upstream', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['is let in after a hint', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
  ])('a body behind Expect %s, not before', async (_name, interim) => {
    await both(async (port) => {
      wire.forget();
      const before = wire.legacy.received.length;
      wire.legacy.script = () => ok('thanks');
      const client = await rawClient(port, head('POST /asks', 'Expect: 100-continue', 'Content-Length: 4'));
      // The body has not been sent, so the upstream has read no complete request: the test answers in its place.
      const received = () => wire.legacy.received.slice(Math.max(0, before - 1)).join('');
      await until(() => /Expect: 100-continue\r\n[\s\S]*\r\n\r\n$/.test(received()), 'head at the upstream');
      expect(client.text).toBe('');
      for (const socket of wire.legacy.sockets) socket.write(interim);
      await client.until((text) => text === interim);
      client.socket.write('body');
      const text = await client.until((all) => all.endsWith('thanks'));
      // A request from the previous test, whose client was cut off, may arrive only now.
      const asked = wire.legacy.requests.filter((request) => target(request) === '/asks');
      expect(asked.map(({ body }) => body)).toEqual(['body']);
      client.close();
      await until(() => port === wire.port || wire.legacy.sockets.size === 0, 'straight connection gone');
      return text;
    });
  });

  it('an upgrade becomes a tunnel: every byte, both ways, until both have ended', async () => {
    await both(async (port) => {
      wire.legacy.script = (_request, socket) => {
        socket.on('data', (piece) =>
          socket.write(Buffer.from(piece.toString('latin1').toUpperCase(), 'latin1')),
        );
        return 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nhi ';
      };
      const client = await rawClient(port, head('GET /', 'Connection: Upgrade', 'Upgrade: shout'));
      await client.until((text) => text.endsWith('\r\n\r\nhi '));
      client.socket.write('0\r\n\r\nget / http/1.1\r\n\r\n\xff');
      await client.until((text) => text.includes('GET / HTTP/1.1'));
      client.socket.end();
      return client.untilEnd();
    });
  });

  it('an HTTP/1.0 client gets an answer that it understands', async () => {
    wire.legacy.script = () =>
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n';
    expect(await wire.untilClosed('GET / HTTP/1.0\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nok',
    );
    wire.legacy.script = () => ok('kept');
    const client = await wire.client('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    await client.until((text) => text.endsWith('kept'));
    client.socket.write('GET / HTTP/1.0\r\n\r\n');
    expect((await client.untilEnd()).match(/kept/g)).toHaveLength(2);
    expect(wire.legacy.requests.at(-1)!.line).toBe('GET / HTTP/1.1');
    expect(wire.legacy.requests.at(-1)!.raw).toContain('Via: 1.0 ficus\r\n');
  });

  // An allowed difference: a half-close cannot be distinguished from a disconnect, and a disconnect has to
  // reach the upstream at once. nginx reads it the same way.
  it('a client that ends its sending half counts as gone, and its request is cancelled', async () => {
    wire.legacy.script = () => undefined;
    const client = await wire.client(head('GET /'));
    await until(() => wire.legacy.requests.length === 1, 'at the upstream');
    const sockets = wire.legacy.sockets.size;
    client.socket.end();
    expect(await client.untilEnd()).toBe('');
    await until(() => wire.legacy.sockets.size < sockets, 'the upstream was disconnected');
  });
});
