/**
 * Where connections go: TLS with authority, client certificate and SNI; IPv6; several addresses; names whose
 * addresses change.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolve } from '../../../proxy/upstream/address-book.ts';
import { type Failed, foundNoPlace } from '../../../proxy/wire/outcome.ts';
import { type ForwarderOptions, startForwarder, startRawUpstream } from './forwarder-rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const pem = (name: string): string => join(import.meta.dirname, 'certificates', `${name}.pem`);

async function listening(server: Server, host: string): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function forwarderTo(url: string, options: ForwarderOptions = {}) {
  const forwarder = await startForwarder(url, options);
  cleanups.push(() => forwarder.close());
  return { ...forwarder, get: (path = '/') => fetch(`http://127.0.0.1:${forwarder.port}${path}`) };
}

/** A fake name service. */
function namesLead(addresses: string[]): Resolve {
  return (_host, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
}

describe('TLS', () => {
  const startSecure = async () => {
    const seen: { name: unknown; client: string | undefined }[] = [];
    const server = createTlsServer(
      {
        key: readFileSync(pem('server-key')),
        cert: readFileSync(pem('server')),
        ca: readFileSync(pem('ca')),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const socket = request.socket as TLSSocket & { servername?: unknown };
        seen.push({
          name: socket.servername,
          client: socket.getPeerCertificate().subject?.CN as string | undefined,
        });
        if (request.url === '/large') response.end(Buffer.alloc(2_000_000, 'z'));
        else request.pipe(response);
      },
    );
    return { port: await listening(server as unknown as Server, '127.0.0.1'), seen };
  };
  const trusted = { ca: pem('ca'), serverName: 'upstream.test' };

  it('checks the certificate, names the server, shows our own certificate, and keeps the connection', async () => {
    const { port, seen } = await startSecure();
    const forwarder = await forwarderTo(`https://127.0.0.1:${port}`, {
      config: { tls: { ...trusted, cert: pem('client'), key: pem('client-key') } },
    });
    const body = 'x'.repeat(200_000);
    const url = `http://127.0.0.1:${forwarder.port}/`;
    expect(await (await fetch(url, { method: 'POST', body })).text()).toBe(body);
    expect((await (await forwarder.get('/large')).arrayBuffer()).byteLength).toBe(2_000_000);
    expect(seen[0]).toEqual({ name: 'upstream.test', client: 'client' });
    expect(forwarder.upstream.stats.opened).toBe(1);
  });

  it('refuses an unknown authority and a wrong server name', async () => {
    const { port } = await startSecure();
    const unknown = await forwarderTo(`https://127.0.0.1:${port}`);
    expect((await unknown.get()).status).toBe(502);
    const misnamed = await forwarderTo(`https://127.0.0.1:${port}`, {
      config: { tls: { ca: pem('ca'), serverName: 'other.test' } },
    });
    expect((await misnamed.get()).status).toBe(502);
    for (const { outcomes } of [unknown, misnamed]) {
      expect(outcomes[0]).toMatchObject({ phase: 'connect', cause: 'refused', mayHaveBeenSent: false });
    }
  });

  it('with a server that does not speak TLS fails in time', async () => {
    const plain = await startRawUpstream(() => {});
    cleanups.push(() => plain.close());
    const forwarder = await forwarderTo(`https://127.0.0.1:${plain.port}`, {
      config: { timeouts: { connectMs: 80 } },
    });
    expect((await forwarder.get()).status).toBe(504);
    expect(forwarder.outcomes[0]).toMatchObject({ phase: 'connect', cause: 'timed-out' });
  });
});

describe('addresses', () => {
  it('of IPv6 are reached', async () => {
    const port = await listening(
      createServer((request, response) => response.end(request.headers.host)),
      '::1',
    );
    const forwarder = await forwarderTo(`http://[::1]:${port}`);
    expect(await (await forwarder.get()).text()).toBe(`127.0.0.1:${forwarder.port}`);
  });

  it('of one name are used in turn, and one that refuses is skipped', async () => {
    // No request is answered before all have arrived, so that each has its own connection.
    const asking: (() => void)[] = [];
    const server = createServer((request, response) => {
      asking.push(() => response.end(request.socket.localAddress));
      if (asking.length === 6) for (const answer of asking) answer();
    });
    const port = await listening(server, '0.0.0.0');
    const options = { config: { pool: { connections: 8 } } };
    const both = await forwarderTo(`http://upstream.test:${port}`, {
      ...options,
      hooks: { resolve: namesLead(['127.0.0.1', '127.0.0.2']) },
    });
    const answers = await Promise.all(Array.from({ length: 6 }, async () => (await both.get()).text()));
    expect(new Set(answers)).toEqual(new Set(['127.0.0.1', '127.0.0.2']));
    const lonely = createServer((_request, response) => response.end('here'));
    const second = await listening(lonely, '127.0.0.3');
    const one = await forwarderTo(`http://upstream.test:${second}`, {
      ...options,
      hooks: { resolve: namesLead(['127.0.0.2', '127.0.0.3']) },
    });
    for (let i = 0; i < 4; i += 1) expect(await (await one.get()).text()).toBe('here');
  });

  it('that a name no longer has are abandoned, and an unresolvable name is refused', async () => {
    const server = createServer((request, response) => response.end(request.socket.localAddress));
    const port = await listening(server, '0.0.0.0');
    let addresses = ['127.0.0.1'];
    const resolve: Resolve = (host, done) => namesLead(addresses)(host, done);
    const forwarder = await forwarderTo(`http://upstream.test:${port}`, {
      hooks: { resolve, refreshMs: 20 },
    });
    expect(await (await forwarder.get()).text()).toBe('127.0.0.1');
    addresses = ['127.0.0.2'];
    await expect.poll(async () => (await forwarder.get()).text()).toBe('127.0.0.2');
    const nowhere = await forwarderTo('http://upstream.test:1', {
      hooks: {
        resolve: (_host, done) => done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []),
      },
    });
    expect((await nowhere.get()).status).toBe(502);
    expect(nowhere.outcomes[0]).toMatchObject({ cause: 'refused', detail: 'ENOTFOUND' });
  });

  it('that cannot be looked up or reached for want of descriptors are not to blame', async () => {
    const resolve: Resolve = (_host, done) =>
      done(Object.assign(new Error('too many open files'), { code: 'EMFILE' }), []);
    const forwarder = await forwarderTo('http://upstream.test:1', { hooks: { resolve } });
    await forwarder.get();
    expect(forwarder.outcomes[0]).toMatchObject({ phase: 'connect', cause: 'overloaded' });
    expect(foundNoPlace(forwarder.outcomes[0] as Failed)).toBe(true);
  });
});
