/** Bodies through the forwarder: framing kept, trailers, absence, back-pressure. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PATIENT, startRawUpstream } from './forwarder-rig.ts';
import { ends, forwardRig, OK, requestEnds } from './rig.ts';

const { cleanups, client, forwarderTo, upstreamAnswering } = forwardRig();

describe('bodies', () => {
  it('keep Content-Length and chunked, both ways, whatever the method', async () => {
    const upstream = await upstreamAnswering((all) => {
      if (all.endsWith('body')) return OK;
      if (all.endsWith('0\r\n\r\n')) {
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n';
      }
      return undefined;
    });
    const { port } = await forwarderTo(upstream.url);
    const one = await client(port, 'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody');
    await one.until(ends('ok'));
    expect(upstream.received[0]).toMatch(/Content-Length: 4\r\n.*\r\n\r\nbody$/s);
    const two = await client(
      port,
      'DELETE / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo\r\n\r\n0\r\n\r\n',
    );
    expect(await two.until(ends('0\r\n\r\n'))).toMatch(
      /Transfer-Encoding: chunked\r\n.*\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n$/s,
    );
    expect(upstream.received.at(-1)).toMatch(
      /Transfer-Encoding: chunked\r\n.*\r\n\r\n4\r\nbo\r\n\r\n0\r\n\r\n$/s,
    );
  });

  it('carry trailers both ways', async () => {
    const upstream = await upstreamAnswering((all) =>
      all.endsWith('X-Sum: 1\r\n\r\n')
        ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Back\r\n\r\n1\r\na\r\n0\r\nX-Back: 2\r\nContent-Length: 9\r\n\r\n'
        : undefined,
    );
    const { port } = await forwarderTo(upstream.url);
    const { until } = await client(
      port,
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\nz\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    expect(await until(ends('0\r\nX-Back: 2\r\n\r\n'))).toContain('Trailer: X-Back\r\n');
  });

  it('that end with the connection become chunked, and 1.0 clients get the plain bytes', async () => {
    const upstream = await startRawUpstream((socket, all) => {
      if (requestEnds(all)) socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    });
    cleanups.push(() => upstream.close());
    const { port } = await forwarderTo(upstream.url);
    const one = await client(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await one.until(ends('0\r\n\r\n'))).toMatch(
      /Transfer-Encoding: chunked\r\n\r\nd\r\nuntil the end\r\n0/,
    );
    const two = await client(port, 'GET / HTTP/1.0\r\n\r\n');
    const text = await two.untilEnd();
    expect(text).toMatch(/Connection: close\r\n\r\nuntil the end$/);
    expect(text).not.toContain('chunked');
  });

  it.each([
    ['a client of HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    [
      'a client that wanted to upgrade',
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      '\r\nhalf',
    ],
  ])(
    'that are cut short where their end is that of the connection end in a reset: %s',
    async (_, ask, answer) => {
      const upstream = await upstreamAnswering((all) =>
        requestEnds(all) ? `HTTP/1.1 200 OK\r\n${answer}` : undefined,
      );
      const { port } = await forwarderTo(upstream.url);
      const { socket, until } = await client(port, ask);
      await until(ends('half'));
      const over: string[] = [];
      socket.on('end', () => over.push('whole')).on('error', ({ message }) => over.push(message));
      for (const cut of upstream.sockets) cut.resetAndDestroy();
      await expect.poll(() => over, PATIENT).toEqual(['read ECONNRESET']);
    },
  );

  it('are absent after HEAD, 204 and 304 whatever the head says, and the connection stays usable', async () => {
    const heads = [
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n',
      'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    ];
    let turn = 0;
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? heads[turn++] : undefined));
    const { port, upstream: pooled } = await forwarderTo(upstream.url);
    const { socket, until } = await client(port, 'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    await until((text) => text.split('\r\n\r\n').length === 2);
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await until((text) => text.split('\r\n\r\n').length === 3);
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const text = await until((all) => all.split('\r\n\r\n').length === 4);
    expect(text.match(/Content-Length: 10/g)).toHaveLength(2);
    expect(text.split('HTTP/1.1 204')[1]).not.toContain('Content-Length');
    expect(pooled.stats.opened).toBe(1);
  });

  it('of many megabytes arrive complete both ways, even with a slow reader', async () => {
    const size = 24 * 1024 * 1024;
    const payload = randomBytes(size);
    const digest = createHash('sha256').update(payload).digest('hex');
    const server = createServer((request, response) => {
      const hash = createHash('sha256');
      request.on('data', (piece) => hash.update(piece));
      request.on('end', () => {
        response.setHeader('x-digest', hash.digest('hex'));
        if (request.url === '/cl') response.setHeader('content-length', size);
        response.end(payload);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const { port } = await forwarderTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (const path of ['/cl', '/chunked']) {
      const request = httpRequest({ port, path, method: 'POST' });
      if (path === '/cl') request.setHeader('content-length', size);
      request.end(payload);
      const [response] = await once(request, 'response');
      const hash = createHash('sha256');
      for await (const piece of response) hash.update(piece);
      expect(response.headers['x-digest']).toBe(digest);
      expect(hash.digest('hex')).toBe(digest);
    }
  });

  it('are throttled by the slower side: a reader that stops leaves memory bounded', async () => {
    const server = createServer((_request, response) => {
      const piece = Buffer.alloc(65_536, 1);
      const push = (): void => {
        while (response.write(piece));
        response.once('drain', push);
      };
      push();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const forwarder = await forwarderTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const inbound = new Set<Socket>();
    forwarder.server.on('connection', (accepted: Socket) => inbound.add(accepted));
    const { socket, until } = await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await until((text) => text.length > 100_000);
    socket.pause();
    const held = await settled(() =>
      [...inbound].reduce((sum, { writableLength }) => sum + writableLength, 0),
    );
    expect(held).toBeLessThan(1024 * 1024);
  });
});

/** The value once it is above zero and has stopped moving. */
function settled(read: () => number): Promise<number> {
  return new Promise((resolve) => {
    let last = -1;
    const poll = setInterval(() => {
      const now = read();
      if (now > 0 && now === last) {
        clearInterval(poll);
        resolve(now);
      }
      last = now;
    }, 50);
  });
}
