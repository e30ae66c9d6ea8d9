/** How `ficus status` asks a proxy: with the token of its config, and with the proxy's own words where it refuses. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FicusError, toProblem } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import { askProxy } from '../../../cli/status/ask-proxy.ts';

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
    response.end(JSON.stringify(mayRead ? { slices: [], workers: {} } : refusal));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('with the token it is answered; without, it says what the proxy says', async () => {
  const admin = await startLocked('a token that may read 1234');
  expect(await askProxy(admin, 'a token that may read 1234')).toEqual({ slices: [], workers: {} });
  const refused = await askProxy(admin, undefined).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(FicusError);
  expect(refused).toMatchObject({
    code: 'FICUS_PROXY_FOREIGN_ORIGIN',
    message: 'Without a token /status answers to an address.',
  });
});
