/** Where flags come from: an Unleash server, and the built-in store when its event stream cannot be had. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProxy } from '../../../proxy/index.ts';
import { ask, noteFlags, type Rig, startRig, until } from './rig.ts';

let server: Server;
let url: string;
let rig: Rig;
let serve = 0;
let broken = false;
let unchanged = 0;
const tokens = new Set<string | undefined>();

beforeEach(async () => {
  [serve, broken, unchanged] = [0, false, 0];
  tokens.clear();
  server = createServer((request, response) => {
    if (request.url === '/api/v1/link/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: state\ndata: {"slices":{}}\n\n');
      return;
    }
    if (!request.url!.endsWith('/client/features') || broken) {
      response.writeHead(request.method === 'GET' ? 500 : 202).end();
      return;
    }
    tokens.add(request.headers.authorization);
    const etag = `"${serve}"`;
    if (request.headers['if-none-match'] === etag) {
      unchanged += 1;
      response.writeHead(304).end();
      return;
    }
    response.setHeader('etag', etag);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ version: 2, features: noteFlags(serve, 0) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await rig.close();
  server.closeAllConnections();
  server.close();
});

const side = async (address: string) =>
  (await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).side;

test('an Unleash server is polled with its token; while it is unreachable the last flags stay in place', async () => {
  rig = await startRig();
  const unleash = { url: `${url}/api`, token: 'client-token', refreshMs: 50, adminToken: '' };
  const proxy = await startProxy({
    config: { ...rig.config(), flags: { provider: 'unleash', environment: 'default', unleash } },
    inProcess: true,
  });
  try {
    expect(await side(proxy.address)).toBe('legacy');
    serve = 100;
    await until(async () => (await side(proxy.address)) === 'candidate', 'flipped');
    await until(() => unchanged > 0, 'the tag is sent along');
    broken = true;
    serve = 0;
    await ask(`${url}/api/client/features`);
    expect(await side(proxy.address)).toBe('candidate');
    expect([...tokens]).toEqual(['client-token']);
  } finally {
    await proxy.stop();
  }
});

test('built-in flags are polled while their event stream is unavailable', async () => {
  serve = 100;
  rig = await startRig();
  const proxy = await startProxy({
    config: { ...rig.config(), flags: { provider: 'builtin', environment: 'default' } },
    controlUrl: url,
    controlToken: 'control-token',
    inProcess: true,
  });
  try {
    expect(await side(proxy.address)).toBe('candidate');
    serve = 0;
    await until(async () => (await side(proxy.address)) === 'legacy', 'polled');
    expect([...tokens]).toEqual(['Bearer control-token']);
    expect(await ask(`${proxy.adminAddress}/readyz`)).toMatchObject({ status: 200 });
  } finally {
    await proxy.stop();
  }
});
