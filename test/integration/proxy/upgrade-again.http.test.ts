/** An upgrade that is retried, on this side or the other: bytes that the client has sent meanwhile are kept. */
import { afterEach, expect, test } from 'vitest';
import { type RawClient, type RawUpstream, rawClient, startRawUpstream } from '../forward/forwarder-rig.ts';
import { type Rig, startRig, until } from './rig.ts';

const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
const UPGRADE = 'Host: h\r\nCookie: sid=ann\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

let rig: Rig;
let upstream: RawUpstream;
let client: RawClient;
afterEach(async () => {
  client.close();
  await rig.close();
  await upstream.close();
});

/** Opens an upgrade, and sends more when the upstream has seen it. Returns when the proxy has read that. */
async function sendEarly(path: string, more: string): Promise<void> {
  const { port } = new URL(rig.url);
  client = await rawClient(Number(port), `GET ${path} HTTP/1.1\r\n${UPGRADE}one `);
  await until(() => upstream.received.some((all) => all.includes('Upgrade: x')), 'tried once');
  await new Promise((resolve) => client.socket.write(more, resolve));
  // Data in its socket is read before the answer to a later request.
  expect((await fetch(`${rig.url}/~probe`)).status).toBeLessThan(600);
}

test.each([
  ['little', 'two '],
  ['more than is held', `${'x'.repeat(150_000)} `],
])('tried again: %s', async (_, more) => {
  upstream = await startRawUpstream((socket, all, index) => {
    if (all.startsWith('GET /~probe')) socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    else if (index > 0 && all.includes('Upgrade: x') && all.endsWith('\r\n\r\n')) socket.write(ACCEPT);
    else if (all.endsWith('three')) socket.write('all of it');
  });
  rig = await startRig({ legacy: { url: upstream.url, retry: { attempts: 2, perSecond: 100 } } });
  await sendEarly('/ws', more);
  [...upstream.sockets].find(({ destroyed }) => !destroyed)!.destroy();
  await until(() => upstream.received.filter((all) => all.includes('Upgrade: x')).length === 2, 'again');
  client.socket.write('three');
  await client.until((text) => text.endsWith('all of it'));
  expect(upstream.received.at(-1)!.endsWith(`\r\n\r\none ${more}three`)).toBe(true);
});

test('finally refused: the client’s data is read, so that its end is noticed', async () => {
  upstream = await startRawUpstream((socket, all) => {
    if (all.startsWith('GET /~probe')) socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
  });
  rig = await startRig({ legacy: { url: upstream.url } });
  await sendEarly('/ws', 'x'.repeat(150_000));
  [...upstream.sockets].find(({ destroyed }) => !destroyed)!.destroy();
  await client.until((text) => text.startsWith('HTTP/1.1 502'));
  await until(() => client.socket.bytesWritten > 150_000 && client.socket.writableLength === 0, 'read');
  client.socket.end();
  await client.untilEnd();
});
