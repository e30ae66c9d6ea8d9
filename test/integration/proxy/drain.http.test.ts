/** A proxy that stops does not wait for clients without a request. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type RawClient, rawClient } from '../forward/forwarder-rig.ts';
import { type Rig, startRig, until } from './rig.ts';

let rig: Rig;
let client: RawClient | undefined;

afterEach(async () => {
  client?.close();
  await rig.close();
});

async function stopMs(): Promise<number> {
  const began = performance.now();
  await rig.proxy.stop();
  return performance.now() - began;
}

test('a connection that was opened in advance is closed with the idle ones', async () => {
  rig = await startRig({ proxy: { admin: '127.0.0.1:0', timeouts: { drainMs: 15_000 } } });
  client = await rawClient(Number(new URL(rig.url).port));
  await until(async () => /^ficus_client_connections 1$/m.test(await rig.metrics()), 'accepted');
  expect(await stopMs()).toBeLessThan(10_000);
  expect(client.text).toBe('');
});

test('a refused upgrade whose client does not close ends with the drain', async () => {
  rig = await startRig({ proxy: { timeouts: { drainMs: 300 } } });
  await rig.legacy.close();
  client = await rawClient(
    Number(new URL(rig.url).port),
    'GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 502 /);
  expect(await stopMs()).toBeLessThan(10_000);
});

test('an event stream is ended, whatever its client requested', async () => {
  rig = await startRig({ proxy: { timeouts: { drainMs: 15_000 } } });
  rig.legacy.handler = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: first\n\n');
  };
  client = await rawClient(
    Number(new URL(rig.url).port),
    'GET /events HTTP/1.1\r\nHost: h\r\nAccept: application/json, text/event-stream\r\n\r\n',
  );
  await client.until((text) => text.includes('first'));
  expect(await stopMs()).toBeLessThan(10_000);
});

test.each([
  ['a write that accepts an event stream', 'POST', []],
  ['a read whose first answer, an event stream, was discarded', 'GET', [503]],
] as const)('%s is answered to its end by something else', async (_, method, discarded) => {
  rig = await startRig({
    proxy: { timeouts: { drainMs: 15_000 } },
    legacy: { retry: { attempts: 2, statuses: [503], backoffMs: 1, perSecond: 100 } },
  });
  const statuses: number[] = [...discarded];
  let answer: (() => void) | undefined;
  rig.legacy.handler = ({ url }, response) => {
    const status = url === '/events' ? 200 : statuses.shift();
    if (status === undefined) answer = () => response.end('finished');
    else response.writeHead(status, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
    if (status === 503) response.end();
  };
  const port = Number(new URL(rig.url).port);
  const accept = 'Host: h\r\nAccept: text/event-stream, application/json\r\nContent-Length: 0\r\n\r\n';
  const slow = await rawClient(port, `${method} /slow HTTP/1.1\r\n${accept}`);
  client = slow;
  await until(() => answer !== undefined, 'under way');
  const stream = await rawClient(port, `GET /events HTTP/1.1\r\n${accept}`);
  await stream.until((text) => text.includes('first'));
  const stopped = rig.proxy.stop();
  // Streams have been ended: what was taken for one has been too.
  await stream.untilEnd();
  answer!();
  expect(await slow.untilEnd()).toMatch(/^HTTP\/1.1 200 .*finished/s);
  await stopped;
});

test('no client is sent away while the proxy may still accept one: it would come back, and be reset', async () => {
  rig = await startRig({ proxy: { timeouts: { drainMs: 15_000 } } });
  const port = Number(new URL(rig.url).port);
  const request = 'GET /page HTTP/1.1\r\nHost: h\r\n\r\n';
  const kept = await rawClient(port, request);
  client = kept;
  const answers = (text: string): number => text.split('HTTP/1.1 200 ').length - 1;
  await kept.until((text) => answers(text) === 1);

  // While clients connect, the listening socket stays open.
  let connecting = true;
  let refused = 0;
  const knock = async (): Promise<void> => {
    while (connecting) {
      const socket = connect({ port, host: '127.0.0.1' });
      await once(socket, 'connect').catch(() => (refused += 1));
      socket.destroy();
    }
  };
  const knocking = Array.from({ length: 8 }, knock);
  const stopped = rig.proxy.stop();
  try {
    for (let count = 2; count <= 6; count += 1) {
      kept.socket.write(request);
      await kept.until((text) => answers(text) === count);
    }
    expect(refused).toBe(0);
    expect(kept.text).not.toMatch(/^connection: close/im);
  } finally {
    connecting = false;
    await Promise.all(knocking);
  }
  while (!/^connection: close/im.test(kept.text)) {
    const before = answers(kept.text);
    kept.socket.write(request);
    await kept.until((text) => answers(text) > before);
  }
  const late = connect({ port, host: '127.0.0.1' });
  await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await stopped;
});

test('the log says that the proxy drains, and how many requests were cut', async () => {
  rig = await startRig({ proxy: { admin: '127.0.0.1:0', timeouts: { drainMs: 300 } } });
  let begun = false;
  rig.legacy.handler = () => {
    begun = true;
  };
  client = await rawClient(Number(new URL(rig.url).port), 'GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => begun, 'begun');
  await until(async () => /^ficus_requests_in_progress 1$/m.test(await rig.metrics()), 'reported');
  await rig.proxy.stop();
  expect(rig.logs).toContainEqual(
    expect.objectContaining({
      msg: expect.stringMatching(/^draining/),
      requests: 1,
      connections: 1,
      drainMs: 300,
    }),
  );
  expect(rig.logs).toContainEqual(
    expect.objectContaining({ level: 40, msg: expect.stringMatching(/^drained/), cut: 1 }),
  );
});
