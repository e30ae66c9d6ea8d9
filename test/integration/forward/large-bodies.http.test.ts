/**
 * Large bodies leave from memory that is reused. If a piece were overwritten before the kernel has taken it, the right
 * number of wrong bytes would arrive: so the bytes themselves are compared here, many bodies at a time, with readers
 * that start only when every buffer on the way is full.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startForwarder } from './forwarder-rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const BODIES = [0, 1, 2].map((index) => randomBytes(5_000_000 + index * 250_000));
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function hashOfAll(stream: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of stream) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Reads only when nothing moves any more: then every buffer on the way is full. */
async function readLate(stream: IncomingMessage): Promise<string> {
  await standstill();
  return hashOfAll(stream);
}

/** Bytes written to sockets so far, by upstream and clients. */
let given = 0;

async function standstill(): Promise<void> {
  for (let last = -1, same = 0; same < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    same = given === last ? same + 1 : 0;
    last = given;
  }
}

/** GET /N answers with body N in pieces of many sizes; POST answers with the hash of what it was sent. */
async function startUpstream(chunked: boolean): Promise<string> {
  const server: Server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      response.end(await readLate(request));
      return;
    }
    const body = BODIES[Number(request.url!.slice(1))]!;
    if (!chunked) response.setHeader('content-length', body.length);
    for (let at = 0, size = 7; at < body.length; at += size, size = 1 + ((size * 31) % 200_000)) {
      if (!response.write(body.subarray(at, at + size))) await once(response, 'drain');
      given += size;
    }
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(port: number, index: number, method: string, chunked: boolean): Promise<string> {
  const body = BODIES[index]!;
  const framing = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length };
  const headers = method === 'POST' ? framing : {};
  const sent = httpRequest({ host: '127.0.0.1', port, path: `/${index}`, method, headers, agent: false });
  if (method === 'POST') {
    for (let at = 0, size = 50_000; at < body.length; at += size, size = 1 + ((size * 17) % 150_000)) {
      if (!sent.write(body.subarray(at, at + size))) await once(sent, 'drain');
      given += size;
    }
  }
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  if (method === 'GET') return readLate(response);
  let text = '';
  for await (const piece of response) text += piece;
  return text;
}

describe.each([
  { lean: true, chunked: false },
  { lean: true, chunked: true },
  { lean: false, chunked: false },
  { lean: false, chunked: true },
])('bodies of megabytes, lean $lean, chunked $chunked', ({ lean, chunked }) => {
  it('arrive byte for byte, many at a time, both ways', async () => {
    const { port, close } = await startForwarder(await startUpstream(chunked), { lean });
    cleanups.push(close);
    const asked = [...BODIES.keys()].flatMap((index) => [
      { index, method: 'GET' },
      { index, method: 'POST' },
    ]);
    const hashes = await Promise.all(asked.map(({ index, method }) => ask(port, index, method, chunked)));
    expect(hashes).toEqual(asked.map(({ index }) => hashOf(BODIES[index]!)));
  });
});
