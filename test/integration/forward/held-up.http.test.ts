/**
 * A process that is held up (no processor for it, a long garbage collection) finds its deadlines expired and data
 * unread. What has arrived is read first: only the process itself was late.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { ends, forwardRig, OK, requestEnds } from './rig.ts';

const { cleanups, client, forwarderTo, upstreamAnswering } = forwardRig();

const LIMIT_MS = 1_000;
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

/** Blocks this thread for longer than the deadline. */
const holdUp = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LIMIT_MS + 100);

/** Calls back in the same turn of the event loop in which the condition becomes true. */
function inTheTurnOf(holds: () => boolean, then: () => void): void {
  setImmediate(() => (holds() ? then() : inTheTurnOf(holds, then)));
}

/** Answers on command, from a separate thread. */
const UPSTREAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { shared, answer } = workerData;
const marks = new Int32Array(shared);
const server = require('node:net').createServer((socket) => socket.on('error', () => {}).once('data', () => {
  Atomics.store(marks, 0, 1);
  Atomics.wait(marks, 1, 0);
  socket.write(answer);
  Atomics.store(marks, 2, 1);
  Atomics.notify(marks, 2);
}));
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('an answer that arrived in time is passed on', async () => {
  const shared = new SharedArrayBuffer(12);
  const marks = new Int32Array(shared);
  const upstream = new Worker(UPSTREAM, { eval: true, workerData: { shared, answer: OK } });
  cleanups.push(() => upstream.terminate());
  const [port] = (await once(upstream, 'message')) as [number];
  const forwarder = await forwarderTo(`http://127.0.0.1:${port}`, {
    config: { timeouts: { firstByteMs: LIMIT_MS } },
  });
  const { until } = await client(forwarder.port, GET);
  inTheTurnOf(
    () => Atomics.load(marks, 0) === 1,
    () => {
      Atomics.store(marks, 1, 1);
      Atomics.notify(marks, 1);
      Atomics.wait(marks, 2, 0);
      holdUp();
    },
  );
  expect(await until((text) => text.includes('HTTP/1.1') && /ok$|504/.test(text))).toMatch(/^HTTP\/1.1 200/);
});

it('a connection that was opened in time is used', async () => {
  const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
  const forwarder = await forwarderTo(upstream.url, { config: { timeouts: { connectMs: LIMIT_MS } } });
  const { until } = await client(forwarder.port, GET);
  inTheTurnOf(() => forwarder.upstream.stats.connecting === 1, holdUp);
  await until(ends('ok'));
});

/** For a client that has logged in, only what the upstream announces counts: a second more than the limit. */
const ANNOUNCED = OK.replace('\r\n', `\r\nKeep-Alive: timeout=${LIMIT_MS / 1_000 + 1}\r\n`);
const LOGIN = GET.replace(/\r\n$/, 'Authorization: NTLM TlRM\r\n\r\n');

it.each([
  ['a connection', GET, OK, { pool: { idleMs: LIMIT_MS } }],
  ['a client’s own connection, on which it has logged in,', LOGIN, ANNOUNCED, {}],
])('%s that was idle for too long meanwhile is not reused', async (_, request, answer, config) => {
  const upstream = await upstreamAnswering((all) =>
    ends('body')(all) || requestEnds(all) ? answer : undefined,
  );
  const forwarder = await forwarderTo(upstream.url, { config });
  const { socket, until } = await client(forwarder.port, request);
  await until(ends('ok'));
  const [tired] = upstream.sockets;
  holdUp();
  socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody');
  tired!.destroy();
  const text = await until((all) => all.split('HTTP/1.1 ').length === 3);
  expect(text).not.toContain('502');
  expect(forwarder.outcomes[1]).toMatchObject({ kind: 'completed', reused: false });
});
