/**
 * Clients that send requests and do not read. Their answers must neither pile up in memory, many times the size of the
 * requests, nor hold their connections forever.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { IdleConnections } from '../../proxy/accept/idle-connections.ts';
import { until } from '../integration/proxy/rig.ts';
import { head, ok, startWireRig } from './wire-rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A client that has sent these bytes and reads nothing. */
function deaf(port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  socket.write(bytes);
  return socket;
}

/** Waits until a number has not changed over 60 checks. */
async function settled(read: () => number): Promise<number> {
  let last = -1;
  let times = 0;
  await until(() => {
    times = read() === last ? times + 1 : 0;
    last = read();
    return last > 0 && times >= 60;
  }, 'standing still');
  return last;
}

test('a pipeline whose answers are not read waits with its client, and continues when they are read', async () => {
  const wire = await startWireRig();
  cleanups.push(() => wire.close());
  wire.legacy.script = () => ok('b'.repeat(15_000));
  const client = deaf(wire.port, head('GET /p').repeat(2_200));
  // The kernel holds some hundreds of them; without a bound the proxy would hold all others, in strings that no limit
  // counts.
  expect(await settled(() => wire.legacy.requests.length)).toBeLessThan(1_500);
  let answers = 0;
  client.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf('HTTP'); at !== -1; at = chunk.indexOf('HTTP', at + 1)) answers += 1;
  });
  client.resume();
  // An answer cut between two pieces is not counted.
  await until(() => wire.legacy.requests.length === 2_200 && answers >= 2_150, 'all of them');
});

test('a connection whose last answer is not read is closed like an idle one', async () => {
  const server = createServer((_request, response) => response.end(Buffer.alloc(16_000_000)));
  cleanups.push(() => server.closeAllConnections());
  server.keepAliveTimeout = 0;
  new IdleConnections(50).watch(server);
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  deaf((server.address() as AddressInfo).port, head('GET /'));
  await until(() => sockets[0]?.destroyed === true, 'closed');
});

test('a pipeline whose answers are not read is closed like an idle connection', async () => {
  const wire = await startWireRig({ proxy: { timeouts: { drainMs: 200, keepAliveMs: 100 } } });
  cleanups.push(() => wire.close());
  wire.legacy.script = () => ok('b'.repeat(15_000));
  const client = deaf(wire.port, head('GET /p').repeat(2_200));
  await once(client, 'connect');
  await settled(() => wire.legacy.requests.length);
  await until(async () => /ficus_client_connections 0\n/.test(await wire.rig.metrics()), 'closed');
});

test('a client that vanished silently is detected by the kernel: a tunnel has no deadline for that', async () => {
  const probed: string[] = [];
  const setKeepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive').mockImplementation(function (this: Socket) {
    probed.push(`${this.localPort}`);
    return this;
  });
  cleanups.push(() => setKeepAlive.mockRestore());
  const wire = await startWireRig();
  cleanups.push(() => wire.close());
  wire.legacy.script = () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  const client = await wire.client(head('GET /ws', 'Connection: Upgrade', 'Upgrade: x'));
  await client.until((text) => text.includes('101'));
  expect(probed).toContain(`${wire.port}`);
});

test.each([
  ['by the proxy', 'GET /api/notes%', ''],
  ['by the upstream', 'GET /a', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'],
])('an upgrade that is refused %s leaves no half of its connection behind', async (_by, line, answer) => {
  const wire = await startWireRig({ proxy: { timeouts: { drainMs: 200, keepAliveMs: 100 } } });
  cleanups.push(() => wire.close());
  wire.legacy.script = () => answer;
  const client = await wire.client(head(line, 'Connection: Upgrade', 'Upgrade: x'));
  // The client keeps its half open.
  await client.untilEnd();
  expect(client.text).toMatch(/^HTTP\/1\.1 40[03] /);
  await until(async () => /ficus_client_connections 0\n/.test(await wire.rig.metrics()), 'closed');
});
