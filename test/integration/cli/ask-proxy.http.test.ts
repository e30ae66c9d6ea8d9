/** How `ficus status` asks a proxy: with the token of its config, and with the proxy's own words where it refuses. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FicusError, toProblem } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import { askProxy } from '../../../cli/status/ask-proxy.ts';
import { askRunning } from '../../../cli/status/ask-running.ts';

const STATUS = { slices: [], workers: {}, config: { appliedAt: '2026-01-01T00:00:00.000Z', refused: null } };

let server: Server;
afterEach(async () => {
  server.close();
  await once(server, 'close');
});

/** @returns HOST:PORT of a proxy that answers those with the token, and refuses all others */
async function startLocked(token: string): Promise<string> {
  const refusal = toProblem('FICUS_PROXY_FOREIGN_ORIGIN', 'Without a token /status answers to an address.');
  server = createServer((request, response) => {
    const mayRead = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(mayRead ? 200 : refusal.status, { connection: 'close' });
    response.end(JSON.stringify(mayRead ? STATUS : refusal));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
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
