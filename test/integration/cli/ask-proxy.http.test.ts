/** How `ficus status` asks a proxy: with the token of its config, and with the proxy's own words where it refuses. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { controlSchema, FicusError, toProblem } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import { askProxy } from '../../../cli/status/ask-proxy.ts';
import { askRunning } from '../../../cli/status/ask-running.ts';

const STATUS = { slices: [], workers: {}, config: { appliedAt: '2026-01-01T00:00:00.000Z', refused: null } };

let servers: Server[] = [];
afterEach(async () => {
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  servers = [];
});

/** @returns HOST:PORT */
async function listen(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    answer(request, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @returns HOST:PORT of a proxy that answers those with the token, and refuses all others */
async function startLocked(token: string): Promise<string> {
  const refusal = toProblem('FICUS_PROXY_FOREIGN_ORIGIN', 'Without a token /status answers to an address.');
  return listen((request, response) => {
    const mayRead = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(mayRead ? 200 : refusal.status);
    response.end(JSON.stringify(mayRead ? STATUS : refusal));
  });
}

test('with the token it is answered; without, it says what the proxy says', async () => {
  const admin = await startLocked('a token that may read 1234');
  expect(await askProxy(admin, 'a token that may read 1234')).toEqual(STATUS);
  const refused = await askProxy(admin, undefined).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(FicusError);
  expect(refused).toMatchObject({
    code: 'FICUS_PROXY_FOREIGN_ORIGIN',
    message: 'Without a token /status answers to an address.',
  });
});

test('a token that leaves the machine without TLS is said, when it does', async () => {
  const { port } = new URL(`http://${await startLocked('a token that may read 1234')}`);
  const found = { control: undefined, token: 'a token that may read 1234', isWithheld: false, problems: [] };
  const said: string[] = [];
  const ask = (admin: string) => askRunning({ ...found, admin }, undefined, (text) => said.push(text));
  await ask(`127.0.0.1:${port}`);
  expect(said).toEqual([]);
  await ask(`[::ffff:127.0.0.1]:${port}`);
  expect(said).toEqual([expect.stringMatching(/^The token goes to .*::ffff:127\.0\.0\.1.* without TLS/)]);
  expect(said[0]).not.toContain(found.token);
});

test('while the control plane answers, the proxy is asked without a token: another program may listen in its place', async () => {
  const token = 'a token that may read 1234';
  const told: (string | undefined)[] = [];
  const lists = { slices: [], leftovers: [], proxies: [], needsRestart: [], ...STATUS.config };
  const control = await listen((_, response) => void response.end(JSON.stringify(lists)));
  const refused = { since: STATUS.config.appliedAt, count: 1, problems: [], needsRestart: true };
  const admin = await listen((request, response) => {
    told.push(request.headers.authorization);
    const config = { ...STATUS.config, refused };
    response.end(JSON.stringify({ ...STATUS, config, control: { connected: false } }));
  });
  const config = controlSchema.parse({ url: `http://${control}`, token });
  const found = { control: config, admin, token, isWithheld: false, problems: [] };
  const { older } = await askRunning(found, undefined, () => undefined);
  expect(older).toMatchObject([{ process: `the proxy at ${admin}`, refused }]);
  expect(told).toEqual([undefined]);
});
