/** What the forwarder assumes beneath Node's documented interface, checked against the running Node. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { beganInThisRead, startParser } from '../../../proxy/accept/inbound-parser.ts';
import { LeanRequest } from '../../../proxy/accept/lean-request.ts';
import { LeanResponse } from '../../../proxy/respond/lean-response.ts';
import type { ServerResponseInternals } from '../../../proxy/respond/server-response-internals.ts';
import { available } from '../../../proxy/wire/direct-write.ts';
import { nodeInternals } from '../../../proxy/wire/node-internals.ts';
import { PATIENT, rawClient } from './forwarder-rig.ts';

const POST = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  lean: boolean,
  handle: (request: IncomingMessage, response: ServerResponse & ServerResponseInternals) => void,
): Promise<number> {
  const server = createServer(
    lean
      ? {
          optimizeEmptyRequests: true,
          requireHostHeader: false,
          IncomingMessage: LeanRequest,
          ServerResponse: LeanResponse as unknown as typeof ServerResponse,
        }
      : {},
  );
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    handle(request, response as ServerResponse & ServerResponseInternals);
  server.on('request', listener).on('checkContinue', listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

it('short writes can bypass the stream', () => {
  expect(available).toBe(true);
});

it.each([true, false])('a response is what it is taken for (lean: %s)', async (lean) => {
  const seen: unknown[] = [];
  const port = await serve(lean, (_request, response) => {
    const { _header, _last, _expect_continue, _sent100, shouldKeepAlive } = response;
    seen.push([_header, _last, _expect_continue, _sent100, shouldKeepAlive]);
    response._writeRaw('HTTP/1.1 103 Early Hints\r\n\r\n', 'latin1');
    response._header = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    response.end();
  });
  const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n');
  cleanups.push(() => client.close());
  const expected = 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  expect(await client.until((text) => text.endsWith('ok'))).toBe(expected);
  expect(seen).toEqual([[null, false, true, false, true]]);
});

it('a lean response that is the last closes after it, and an aborted one notifies its watcher', async () => {
  const gone: string[] = [];
  const port = await serve(true, (request, response) => {
    const lean = response as unknown as LeanResponse;
    if (request.url === '/last') {
      response._last = true;
      expect(lean.endWhole('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')).toBe(true);
      expect(lean.endWhole('again')).toBe(false);
    } else lean.watcher = { onClientClose: () => gone.push(request.url!) };
  });
  const last = await rawClient(port, 'GET /last HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(await last.untilEnd()).toMatch(/ok$/);
  // The second is queued behind the first: both must be notified. An older Node does not report it for the second; the
  // proxy passes no request on before its turn, and does not need it.
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n');
  await new Promise((resolve) => setImmediate(resolve));
  await expect.poll(() => socket.bytesWritten, PATIENT).toBeGreaterThan(0);
  const other = await rawClient(port, 'GET /last HTTP/1.1\r\nHost: h\r\n\r\n');
  await other.untilEnd();
  socket.resetAndDestroy();
  await expect.poll(() => gone.toSorted(), PATIENT).toEqual(nodeInternals.requests ? ['/a', '/b'] : ['/a']);
});

it('a lean request with a body is the stream that Node documents, one without has none', async () => {
  const bodies: string[] = [];
  const port = await serve(true, async (request, response) => {
    let body = '';
    if (request.rawHeaders.some((part) => part.toLowerCase() === 'content-length')) {
      for await (const piece of request) body += piece;
    }
    bodies.push(`${request.method} ${body} ${request.headers['content-length'] ?? '-'} ${request.complete}`);
    response.end('done');
  });
  const client = await rawClient(port, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody');
  cleanups.push(() => client.close());
  await client.until((text) => text.endsWith('done'));
  client.socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.until((text) => text.split('done').length === 3);
  expect(bodies[0]).toBe('POST body 4 true');
  expect(bodies[1]).toMatch(/^GET {2}- /);
});

it('a connection’s parser can be started again, and is then lenient where asked', async () => {
  const server = createServer((request, response) =>
    response.end(`${request.method} ${request.httpVersion}`),
  );
  const started: boolean[] = [];
  server.on('connection', (socket) => started.push(startParser(server, socket) !== undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const fields = 'Host: h\r\nTransfer-Encoding: chunked\r\nConnection: close';
  const client = await rawClient(port, `PUT / HTTP/1.3\r\n${fields}\r\n\r\n1 \r\na\r\n0\r\n\r\n`);
  cleanups.push(() => client.close());
  expect(await client.untilEnd()).toMatch(/^HTTP\/1\.1 200 [\s\S]*PUT 1\.3/);
  expect(started).toEqual([true]);
});

it.each([
  ['the first line of a connection', [], 'FOO /', true],
  ['a line after a complete request', ['GET / HTTP/1.1\r\nHost: h\r\n\r\n'], 'FOO /', true],
  ['a line after a complete body', [`${POST}12345`], 'FOO /', true],
  ['a line that another read began', [`${POST}12345`, 'F'], 'OO /', false],
  ['a line behind the end of a body', [`${POST}123`], '45FOO /', false],
  ['a line that the read of the body began', [`${POST}12345F`], 'OO /', false],
])('the parser tells whether a read begins a request: %s', async (_name, before, last, expected) => {
  const server = createServer((_request, response) => response.end('done'));
  const seen: unknown[] = [];
  server.on('connection', (socket) => startParser(server, socket));
  server.on('clientError', (_error, socket) => {
    seen.push(beganInThisRead(socket));
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const accepted = once(server, 'connection');
  const client = await rawClient((server.address() as AddressInfo).port);
  cleanups.push(() => client.close());
  const [inbound] = (await accepted) as [Socket];
  let sent = 0;
  for (const piece of [...before, last]) {
    client.socket.write(piece);
    sent += piece.length;
    await expect.poll(() => seen.length === 1 || inbound.bytesRead === sent, PATIENT).toBe(true);
    if (piece === before[0]) await client.until((text) => text.endsWith('done'));
  }
  await client.untilEnd();
  expect(seen).toEqual([expected]);
});
