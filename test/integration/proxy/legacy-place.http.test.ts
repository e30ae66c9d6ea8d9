/** Where the legacy is, and what it is called: a Host of its own, a Unix socket. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
let extra: Server | undefined;
afterEach(async () => {
  await rig.close();
  extra?.closeAllConnections();
  extra?.close();
  extra = undefined;
});

test('`host` replaces the client’s Host; redirects to it return to the proxy', async () => {
  rig = await startRig({ legacy: { host: 'monolith.internal:8443' } });
  rig.legacy.handler = (_, response) =>
    response.writeHead(302, { location: 'https://monolith.internal:8443/login?next=%2F' }).end();
  const answer = await rig.get('/account');
  const { host } = new URL(rig.url);
  expect(rig.legacy.requests[0]!.headers).toMatchObject({
    host: 'monolith.internal:8443',
    'x-forwarded-host': host,
  });
  // Whether the client uses TLS up to a balancer is not known: it takes its own scheme.
  expect(answer.headers.get('location')).toBe(`//${host}/login?next=%2F`);
  rig.legacy.handler = (_, response) =>
    response.writeHead(302, { location: 'https://elsewhere.example/' }).end();
  expect((await rig.get('/account')).headers.get('location')).toBe('https://elsewhere.example/');
});

test('a legacy that is called as the client calls it keeps its own scheme: TLS may end at a balancer', async () => {
  const host = 'shop.example';
  rig = await startRig({ legacy: { host } });
  rig.legacy.handler = (_, response) =>
    response.writeHead(302, { location: `https://${host}/login?next=%2F` }).end();
  const answer = await sendRaw(
    rig.url,
    `GET /account HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/\r\nlocation: https:\/\/shop\.example\/login\?next=%2F\r\n/i);
});

test('a copy to the other side has the client’s Host, or that side’s own', async () => {
  rig = await startRig({ legacy: { host: 'monolith.internal' }, shadow: 100 });
  await rig.get('/api/notes', { cookie: 'sid=ann' });
  await until(() => rig.candidate.requests.length === 1, 'copied');
  expect(rig.candidate.requests[0]!.headers.host).toBe(new URL(rig.url).host);
  expect(rig.legacy.requests[0]!.headers.host).toBe('monolith.internal');
});

test('a Unix socket serves requests with and without bodies, over kept connections', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ficus-socket-'));
  try {
    const socket = join(folder, 'app.sock');
    const sockets = new Set<unknown>();
    extra = createServer((request, response) => {
      sockets.add(request.socket);
      request.pipe(response);
    });
    extra.listen(socket);
    await once(extra, 'listening');
    // The URL names no server that is there.
    rig = await startRig({ legacy: { url: 'http://legacy.invalid', socket } });
    const body = 'x'.repeat(300_000);
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await fetch(`${rig.url}/echo`, { method: 'POST', body });
      expect(await answer.text()).toBe(body);
      expect(await rig.get('/empty')).toMatchObject({ status: 200, text: '' });
    }
    expect(sockets.size).toBe(1);
    extra.closeAllConnections();
    extra.close();
    await once(extra, 'close');
    expect((await rig.get('/gone')).status).toBe(502);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
