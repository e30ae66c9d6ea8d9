/**
 * Answers of one turn of the event loop are written together at its end. Whatever else happens to a connection in that
 * turn comes after its answer: the next answer, an error, an upgrade, the client's end.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { parseConfig } from '@ficus/core';
import { afterEach, expect, it } from 'vitest';
import { createInbound, type InboundHandlers } from '../../../proxy/accept/create-inbound.ts';
import { LeanResponse } from '../../../proxy/respond/lean-response.ts';
import { flushWrites, waitsToBeWritten, writeSoon } from '../../../proxy/wire/write-batch.ts';
import { rawClient } from './forwarder-rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbatch';

/** Answers `/batched` at once by the batch, and everything else by the given handler. */
async function serve(
  other: (request: IncomingMessage, response: LeanResponse) => void = () => {},
  upgrade: InboundHandlers['upgrade'] = () => {},
): Promise<number> {
  const parsed = parseConfig(
    { version: 1, proxy: { listen: '127.0.0.1:0' }, legacy: { url: 'http://127.0.0.1:1' } },
    {},
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { server } = createInbound(parsed.config.proxy, {
    request: (request, response) => {
      const lean = response as unknown as LeanResponse;
      expect(lean).toBeInstanceOf(LeanResponse);
      if (request.url === '/batched') {
        expect(lean.endWhole(WHOLE)).toBe(true);
        expect(waitsToBeWritten(request.socket)).toBe(true);
      } else other(request, lean);
    },
    upgrade,
    refused: () => {},
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function ask(port: number, bytes: string) {
  const client = await rawClient(port, bytes);
  cleanups.push(() => client.close());
  return client;
}

const BATCHED = 'GET /batched HTTP/1.1\r\nHost: h\r\n\r\n';

it('an answer through the stream follows one that waits', async () => {
  const port = await serve((_request, response) => response.end('by the stream'));
  const client = await ask(port, `${BATCHED}GET /other HTTP/1.1\r\nHost: h\r\n\r\n`);
  const text = await client.until((all) => all.includes('by the stream'));
  expect(text.startsWith(WHOLE)).toBe(true);
});

it('an invalid request is refused after the answer that waits', async () => {
  const port = await serve();
  const client = await ask(port, `${BATCHED}what is this\r\n\r\n`);
  expect((await client.untilEnd()).startsWith(`${WHOLE}HTTP/1.1 400 `)).toBe(true);
});

it('a tunnel, refused or opened, follows the answer that waits', async () => {
  const port = await serve(undefined, (_request, socket) => socket.end('HTTP/1.1 101 Switching\r\n\r\n'));
  const refused = await ask(port, `${BATCHED}CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n`);
  expect((await refused.untilEnd()).startsWith(`${WHOLE}HTTP/1.1 405 `)).toBe(true);
  const opened = await ask(
    port,
    `${BATCHED}GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  expect((await opened.untilEnd()).startsWith(`${WHOLE}HTTP/1.1 101 `)).toBe(true);
});

it('a client that ends its half in the same turn gets its answer', async () => {
  const port = await serve((request, response) => {
    expect(response.endWhole(WHOLE)).toBe(true);
    // As if the kernel reported it next.
    process.nextTick(() => request.socket.emit('end'));
  });
  const client = await ask(port, 'GET /ended HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(await client.untilEnd()).toBe(WHOLE);
});

it('texts leave in order, and one for a closed connection is dropped', async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [one, other] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  cleanups.push(() => {
    for (const socket of [one, other, ...accepted]) socket.destroy();
    server.close();
  });
  await Promise.all([once(one, 'connect'), once(other, 'connect')]);
  await expect.poll(() => accepted.length).toBe(2);
  let heard = '';
  for (const socket of accepted) socket.on('data', (piece) => (heard += piece.toString('latin1')));
  expect(writeSoon(one, 'a')).toBe(true);
  expect(writeSoon(other, 'lost')).toBe(true);
  expect(writeSoon(one, 'b')).toBe(true);
  other.destroy();
  flushWrites();
  expect(waitsToBeWritten(one)).toBe(false);
  expect(writeSoon(one, '\xe9')).toBe(true);
  await expect.poll(() => heard).toBe('ab\xe9');
});
