/**
 * Upgrades through the forwarder: WebSocket with a real library, raw tunnels, refusals, half-close, leaks.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  type Forwarder,
  PATIENT,
  type RawUpstream,
  rawClient,
  startForwarder,
  startRawUpstream,
} from './forwarder-rig.ts';
import { OK } from './rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
/** More than the kernel buffers of an unread answer. */
const UNREAD_BYTES = 32_000_000;
const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';

async function between(
  onData: Parameters<typeof startRawUpstream>[0],
  config: Record<string, unknown> = {},
): Promise<{ upstream: RawUpstream; forwarder: Forwarder }> {
  const upstream = await startRawUpstream(onData);
  cleanups.push(() => upstream.close());
  const forwarder = await startForwarder(upstream.url, { config });
  cleanups.push(() => forwarder.close());
  return { upstream, forwarder };
}

async function client(port: number, bytes: string) {
  const made = await rawClient(port, bytes);
  cleanups.push(() => made.close());
  return made;
}

it('a switch to a protocol that the client has not offered is a failure of the upstream', async () => {
  const { forwarder } = await between((socket, all) => {
    if (all.endsWith('\r\n\r\n')) socket.write(ACCEPT.replace('Upgrade: x', 'Upgrade: h2c'));
  });
  expect(await (await client(forwarder.port, UPGRADE)).untilEnd()).toMatch(/^HTTP\/1\.1 502 /);
  expect(forwarder.outcomes).toMatchObject([{ kind: 'failed', side: 'upstream', cause: 'invalid' }]);
});

describe('upgrades in a pool with few connections', () => {
  /** Accepts an upgrade only when the test does; answers other requests at once. */
  const limited = async (pool: Record<string, number>) => {
    const asking: Socket[] = [];
    let most = 0;
    const { upstream, forwarder } = await between(
      (socket, all) => {
        most = Math.max(most, upstream.sockets.size);
        if (all.endsWith('Upgrade\r\n\r\n')) asking.push(socket);
        else if (all.endsWith('\r\n\r\n')) socket.write(OK);
      },
      { pool },
    );
    return { upstream, forwarder, asking, most: () => most };
  };

  it('wait for a place until others are answered; tunnels take none', async () => {
    const { forwarder, asking, most } = await limited({ connections: 2, pendingMs: 60_000 });
    const clients = await Promise.all(Array.from({ length: 6 }, () => client(forwarder.port, UPGRADE)));
    for (const waiting of [4, 2, 0]) {
      await expect.poll(() => asking.length, PATIENT).toBe(2);
      await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(waiting);
      expect(forwarder.upstream.stats).toMatchObject({ active: 2, connecting: 0, tunnels: 4 - waiting });
      for (const socket of asking.splice(0)) socket.write(ACCEPT);
    }
    await Promise.all(clients.map(({ until }) => until((text) => text.includes('101'))));
    expect(most()).toBe(6);
    expect(forwarder.upstream.stats).toMatchObject({ active: 0, tunnels: 6 });
  });

  it.each([
    ['no more may wait', { pending: 0 }, 'overloaded'],
    ['they have waited for too long', { pendingMs: 100 }, 'timed-out'],
  ])('are refused when %s', async (_, pool, cause) => {
    const { forwarder, asking } = await limited({ connections: 1, pendingMs: 60_000, ...pool });
    await client(forwarder.port, UPGRADE);
    await expect.poll(() => asking.length, PATIENT).toBe(1);
    expect(await (await client(forwarder.port, UPGRADE)).untilEnd()).toMatch(/^HTTP\/1\.1 503/);
    expect(forwarder.outcomes).toMatchObject([{ phase: 'queue', cause, mayHaveBeenSent: false }]);
    expect(asking).toHaveLength(1);
  });

  it('give up their turn when their client leaves', async () => {
    const { forwarder, asking } = await limited({ connections: 1, pendingMs: 60_000 });
    await client(forwarder.port, UPGRADE);
    await expect.poll(() => asking.length, PATIENT).toBe(1);
    const leaving = await client(forwarder.port, UPGRADE);
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(1);
    leaving.socket.resetAndDestroy();
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(0);
  });

  it('take the place of an idle connection, and that of one in use when it becomes idle', async () => {
    const { upstream, forwarder, asking, most } = await limited({ connections: 1, pendingMs: 60_000 });
    const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
    await (await client(forwarder.port, get)).until((text) => text.endsWith('ok'));
    expect(forwarder.upstream.stats.idle).toBe(1);
    const first = await client(forwarder.port, UPGRADE);
    await expect.poll(() => asking.length, PATIENT).toBe(1);
    const second = await client(forwarder.port, get);
    const third = await client(forwarder.port, UPGRADE);
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(2);
    asking[0]!.write(ACCEPT);
    await first.until((text) => text.includes('101'));
    await second.until((text) => text.endsWith('ok'));
    await expect.poll(() => asking.length, PATIENT).toBe(2);
    asking[1]!.write(ACCEPT);
    await third.until((text) => text.includes('101'));
    // Each on a fresh connection, and beside the tunnels never more than one.
    expect(upstream.received.map((all) => all.split(' HTTP')[0])).toEqual([
      'GET /',
      'GET /ws',
      'GET /',
      'GET /ws',
    ]);
    expect(most()).toBeLessThanOrEqual(3);
  });
});

describe('upgrades', () => {
  it('carry WebSocket messages both ways, large ones too', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) =>
      socket.on('message', (data, binary) => socket.send(data, { binary })),
    );
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const forwarder = await startForwarder(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    cleanups.push(() => forwarder.close());
    const socket = new WebSocket(`ws://127.0.0.1:${forwarder.port}/chat`);
    await once(socket, 'open');
    for (const payload of [Buffer.from('hello'), Buffer.alloc(3_000_000, 7)]) {
      socket.send(payload);
      const [echoed] = (await once(socket, 'message')) as [Buffer];
      expect(echoed.equals(payload)).toBe(true);
    }
    socket.close();
    await once(socket, 'close');
    const [outcome] = await forwarder.outcomesReach(1);
    expect(outcome).toMatchObject({ kind: 'tunnelled', status: 101 });
    expect(outcome!.responseBodyBytes).toBeGreaterThan(3_000_000);
    expect(forwarder.upstream.stats).toMatchObject({ tunnels: 0, exchanges: 0 });
  });

  it('pass first bytes of the new protocol on, from both sides, in order', async () => {
    const { forwarder, upstream } = await between((socket, all) => {
      if (all.endsWith('\r\n\r\n')) socket.write(`${ACCEPT}first`);
      else if (all.endsWith('early')) socket.write('second');
    });
    const { until } = await client(forwarder.port, `${UPGRADE}early`);
    expect(await until((text) => text.endsWith('second'))).toContain('\r\n\r\nfirstsecond');
    expect(upstream.received[0]).toMatch(/Upgrade: x\r\n(?:.+\r\n)*Connection: Upgrade\r\n\r\nearly$/);
  });

  it('that are refused give the answer and close', async () => {
    const { forwarder } = await between((socket) => {
      socket.write('HTTP/1.1 426 No\r\nContent-Length: 2\r\nX-Why: y\r\n\r\nno');
    });
    const { untilEnd } = await client(forwarder.port, UPGRADE);
    expect(await untilEnd()).toMatch(
      /^HTTP\/1\.1 426 No\r\n(?:.+\r\n)*X-Why: y\r\n(?:.+\r\n)*Connection: close\r\n\r\nno$/,
    );
    expect((await forwarder.outcomesReach(1))[0]).toMatchObject({ kind: 'completed', status: 426 });
  });

  it('half-closed by either side end in order', async () => {
    const { forwarder, upstream } = await between((socket, all) => {
      if (all.endsWith('\r\n\r\n')) socket.write(ACCEPT);
      else if (all.endsWith('bye')) socket.end('goodbye');
    });
    const { socket, until, untilEnd } = await client(forwarder.port, UPGRADE);
    await until((text) => text.endsWith('\r\n\r\n'));
    socket.end('bye');
    expect(await untilEnd()).toMatch(/goodbye$/);
    await forwarder.outcomesReach(1);
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
    expect(forwarder.upstream.stats.tunnels).toBe(0);
  });

  it('without an answer in time, or with a cut connection, fail before any byte', async () => {
    const silent = await between(() => {}, { timeouts: { firstByteMs: 60 } });
    expect(await (await client(silent.forwarder.port, UPGRADE)).untilEnd()).toMatch(/^HTTP\/1\.1 504/);
    const cutting = await between((socket) => void socket.destroy());
    expect(await (await client(cutting.forwarder.port, UPGRADE)).untilEnd()).toMatch(/^HTTP\/1\.1 502/);
    const failed = { side: 'upstream', phase: 'first-byte' };
    expect(await silent.forwarder.outcomesReach(1)).toMatchObject([{ ...failed, cause: 'timed-out' }]);
    expect(await cutting.forwarder.outcomesReach(1)).toMatchObject([{ ...failed, cause: 'reset' }]);
  });

  it('reset in every phase leave nothing behind', async () => {
    const { forwarder, upstream } = await between((socket, all) => {
      if (all.includes('/open') && all.endsWith('\r\n\r\n')) socket.write(ACCEPT);
    });
    for (const path of ['/silent', '/open']) {
      const { socket, until } = await client(forwarder.port, UPGRADE.replace('/ws', path));
      if (path === '/open') await until((text) => text.endsWith('\r\n\r\n'));
      else await expect.poll(() => upstream.sockets.size, PATIENT).toBe(1);
      socket.resetAndDestroy();
      await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
    }
    await forwarder.outcomesReach(2);
    expect(forwarder.upstream.stats).toMatchObject({ tunnels: 0, exchanges: 0, active: 0 });
  });

  it('whose answer the client does not read end as its failure', async () => {
    const { forwarder } = await between(
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${UNREAD_BYTES}\r\n\r\n`);
        socket.write(Buffer.alloc(UNREAD_BYTES));
      },
      { timeouts: { idleMs: 100 } },
    );
    const { socket } = await client(forwarder.port, UPGRADE);
    socket.pause();
    expect((await forwarder.outcomesReach(1))[0]).toMatchObject({
      side: 'client',
      phase: 'receive',
      cause: 'timed-out',
      responseStarted: true,
    });
  });

  it('whose answer takes too long in all are cut off', async () => {
    const { forwarder } = await between(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
      { timeouts: { totalMs: 300 } },
    );
    await (await client(forwarder.port, UPGRADE)).untilEnd();
    expect((await forwarder.outcomesReach(1))[0]).toMatchObject({ side: 'upstream', cause: 'timed-out' });
  });

  it('and server-sent events are passed on at once, without buffering', async () => {
    const { forwarder } = await between(
      (socket) => {
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
        );
        socket.write('9\r\ndata: 1\n\n\r\n');
      },
      { timeouts: { idleMs: 50 } },
    );
    const { until } = await client(forwarder.port, 'GET /events HTTP/1.1\r\nHost: h\r\n\r\n');
    await until((text) => text.includes('data: 1'));
    // Past the idle timeout the stream is still open.
    await expect(until(() => false, 200)).rejects.toThrow(/not within/);
    expect(forwarder.outcomes).toEqual([]);
  });
});
