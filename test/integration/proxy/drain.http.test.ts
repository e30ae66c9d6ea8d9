/** A proxy that stops does not wait for clients without a request. */
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
