/**
 * `control.client` while a proxy runs: its files are read for each new connection. A renewed certificate is the one that is
 * shown, and a missing file fails the requests that need it, not the process.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { ControlClientConfig } from '@ficus/core';
import { controlFetch } from '@ficus/proxy';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { postJson } from '../../../proxy/link/post-json.ts';
import { type Authority, makeAuthority } from '../../parts/certificates.ts';
import { LOCAL } from './tls-rig.ts';

let folder: string;
let authority: Authority;
let server: Server;
let url: string;
let client: ControlClientConfig;
let seen: string[];

const at = (name: string): string => join(folder, name);

function writeClient(name: string): void {
  const { cert, key } = authority.issue(name);
  writeFileSync(at('client.key'), key, { mode: 0o600 });
  writeFileSync(at('client.pem'), cert);
}

/** Each answer ends its connection, so that each request needs a new one. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ficus-control-client-'));
  authority = makeAuthority('authority');
  writeFileSync(at('ca.pem'), authority.cert);
  writeClient('edge-1');
  client = { ca: at('ca.pem'), cert: at('client.pem'), key: at('client.key') };
  seen = [];
  const own = authority.issue('control', LOCAL);
  server = createServer({ ...own, ca: authority.cert, requestCert: true }, (request, response) => {
    seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN));
    response.setHeader('connection', 'close');
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('a renewed certificate is shown by the next connection', async () => {
  await postJson(url, {}, {}, AbortSignal.timeout(5_000), client);
  await postJson(url, {}, {}, AbortSignal.timeout(5_000), client);
  writeClient('edge-2');
  await postJson(url, {}, {}, AbortSignal.timeout(5_000), client);
  await controlFetch(client)(url, {});
  expect(seen).toEqual(['edge-1', 'edge-1', 'edge-2', 'edge-2']);
});

test('a missing file fails each request that needs a connection, those that wait for one too', async () => {
  const message = expect.stringContaining('control.client.cert');
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  server.removeAllListeners('request');
  server.on('request', (_request, response) => {
    arrived.resolve();
    void go.promise.then(() => response.setHeader('connection', 'close').end('{}'));
  });
  // More than the agent has connections for: the others begin when one of these ends.
  const sent = Array.from({ length: 30 }, () => postJson(url, {}, {}, AbortSignal.timeout(5_000), client));
  await arrived.promise;
  renameSync(at('client.pem'), at('away.pem'));
  const startedAt = performance.now();
  go.resolve();
  const results = await Promise.allSettled(sent);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(failed.length).toBeGreaterThanOrEqual(22);
  expect(failed).toEqual(failed.map(() => expect.objectContaining({ message, mayBeTaken: false })));
  await expect(controlFetch(client)(url, {})).rejects.toMatchObject({
    code: 'FICUS_PEM_UNREADABLE',
    message,
  });
  renameSync(at('away.pem'), at('client.pem'));
  expect(await postJson(url, {}, {}, AbortSignal.timeout(5_000), client)).toEqual({});
});

test('requests over kept connections leave nothing behind on them', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  const sockets = new Set<unknown>();
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    sockets.add(request.socket);
    response.end('{}');
  });
  process.on('warning', note);
  try {
    for (let time = 0; time < 15; time += 1) await postJson(url, {}, {}, AbortSignal.timeout(5_000), client);
    await new Promise(setImmediate);
    expect([sockets.size, warnings]).toEqual([1, []]);
  } finally {
    process.off('warning', note);
  }
});
