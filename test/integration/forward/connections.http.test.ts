/** Connections to the upstream: kept, replaced when stale, queued for, closed when idle, drained. */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { PATIENT, startRawUpstream } from './forwarder-rig.ts';
import { ends, forwardRig, OK, requestEnds } from './rig.ts';

const { cleanups, client, forwarderTo, upstreamAnswering } = forwardRig();

describe('connections', () => {
  it('are kept and reused, pipelined requests are answered in order', async () => {
    const upstream = await startRawUpstream((socket, all) => {
      const target = /GET \/(\S+) .*\r\n\r\n$/s.exec(all.slice(all.lastIndexOf('GET')))?.[1];
      if (target) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
    });
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { connections: 1 } } });
    const { until } = await client(
      forwarder.port,
      ['one', 'two', 'three'].map((path) => `GET /${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''),
    );
    const text = await until(ends('three'));
    expect(text.match(/one|two|three/g)).toEqual(['one', 'two', 'three']);
    expect(forwarder.upstream.stats).toMatchObject({ opened: 1, idle: 1, active: 0, exchanges: 0 });
  });

  it('are not reused after Connection: close, HTTP/1.0 or bytes past the end', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
      'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
      OK,
    ];
    let turn = 0;
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? answers[turn++] : undefined));
    const { port } = await forwarderTo(upstream.url);
    const { socket, until } = await client(port, '');
    for (let i = 1; i <= 4; i += 1) {
      socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await until((text) => text.split('ok').length === i + 1);
    }
    expect(upstream.received).toHaveLength(4);
  });

  it('are not reused when the upstream keeps them for less than a second', async () => {
    // Node's server announces a keepAliveTimeout of 900 ms in seconds, rounded down.
    const answer = OK.replace('Date: D', 'Keep-Alive: timeout=0');
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? answer : undefined));
    const { port } = await forwarderTo(upstream.url);
    const { socket, until } = await client(port, '');
    for (let i = 1; i <= 3; i += 1) {
      socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await until((text) => text.split('ok').length === i + 1);
    }
    expect(upstream.received).toHaveLength(3);
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
  });

  it('that prove stale are replaced once, for idempotent requests without a body alone', async () => {
    let stale = false;
    const upstream = await startRawUpstream((socket, all) => {
      if (stale && all.split('HTTP/1.1').length > 2) socket.destroy();
      else if (all.endsWith('\r\n\r\n') || all.endsWith('body')) socket.write(OK);
    });
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url);
    const { socket, until } = await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(ends('ok'));
    stale = true;
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await until((text) => text.split('ok').length === 3);
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
    await until((text) => text.includes('502'));
    const outcomes = await forwarder.outcomesReach(3);
    expect(outcomes[1]).toMatchObject({ kind: 'completed', retriedStale: true, reused: false });
    expect(outcomes[2]).toMatchObject({
      kind: 'failed',
      side: 'upstream',
      phase: 'first-byte',
      cause: 'reset',
      mayHaveBeenSent: true,
    });
  });

  it.each([true, false])(
    'that prove stale are replaced for an empty body as well (lean: %s)',
    async (lean) => {
      let stale = false;
      const upstream = await startRawUpstream((socket, all) => {
        if (stale && all.split('HTTP/1.1').length > 2) socket.destroy();
        else if (requestEnds(all)) socket.write(OK);
      });
      cleanups.push(() => upstream.close());
      const forwarder = await forwarderTo(upstream.url, { lean });
      const put = 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n';
      const { socket, until } = await client(forwarder.port, put);
      await until(ends('ok'));
      stale = true;
      socket.write(put);
      const text = await until((all) => all.split('\r\n\r\n').length === 3);
      expect(text).not.toContain('502');
      const outcomes = await forwarder.outcomesReach(2);
      expect(outcomes[1]).toMatchObject({ kind: 'completed', retriedStale: true });
      // It announces that it is empty, to either of them.
      expect(upstream.received.map((all) => all.split('Content-Length: 0\r\n').length - 1)).toEqual([2, 1]);
      stale = false;
      socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await until((all) => all.split('ok').length === 4);
    },
  );

  it('that receive data before their request has left are stale: the data is not its answer', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    const forwarder = await forwarderTo(upstream.url);
    const { socket, until } = await client(forwarder.port, 'GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(ends('ok'));
    const [kept] = upstream.sockets;
    // Both have arrived when the proxy reads: a request, and the 408 of a server that timed out waiting for one.
    socket.write('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
    kept!.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate');
    const text = await until((all) => all.split('\r\n\r\n').length === 3);
    expect(text).not.toContain('408');
    expect(upstream.received).toHaveLength(2);
    expect(upstream.received[0]).not.toContain('GET /2');
    expect(upstream.received[1]).toContain('GET /2');
  });

  /** One connection, in use until the end. */
  const fullPool = async (pool: { pending: number; pendingMs: number }) => {
    const upstream = await startRawUpstream(() => {});
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { connections: 1, ...pool } } });
    await client(forwarder.port, 'GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
    await expect.poll(() => forwarder.upstream.stats.active, PATIENT).toBe(1);
    return forwarder;
  };

  it('are refused at once where more wait for a full pool than may', async () => {
    const forwarder = await fullPool({ pending: 1, pendingMs: 60_000 });
    await client(forwarder.port, 'GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(1);
    const three = await client(forwarder.port, 'GET /3 HTTP/1.1\r\nHost: h\r\n\r\n');
    await three.until((text) => text.includes('503'));
    const [outcome] = await forwarder.outcomesReach(1);
    expect(outcome).toMatchObject({ phase: 'queue', cause: 'overloaded', mayHaveBeenSent: false });
    expect(forwarder.upstream.stats.pending).toBe(1);
  });

  it('are refused when they have waited for a full pool for the longest time allowed', async () => {
    const forwarder = await fullPool({ pending: 1, pendingMs: 100 });
    const two = await client(forwarder.port, 'GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
    await two.until((text) => text.includes('503'));
    const [outcome] = await forwarder.outcomesReach(1);
    expect(outcome).toMatchObject({ phase: 'queue', cause: 'timed-out', mayHaveBeenSent: false });
  });

  it('are tried again for requests that wait behind a failed connection attempt', async () => {
    const forwarder = await forwarderTo(`http://127.0.0.1:${await refusingPort()}`, {
      config: { pool: { connections: 1, pending: 10, pendingMs: 60_000 } },
    });
    const clients = ['/1', '/2', '/3'].map((path) =>
      client(forwarder.port, `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`),
    );
    for (const each of clients) await (await each).until((text) => text.includes('502'));
    for (const outcome of forwarder.outcomes)
      expect(outcome).toMatchObject({ phase: 'connect', cause: 'refused' });
    expect(forwarder.upstream.stats).toMatchObject({ pending: 0, connecting: 0, exchanges: 0 });
  });

  it('that prove stale are replaced in their own place, before those who wait for one', async () => {
    let most = 0;
    let stale: Socket | undefined;
    const upstream = await startRawUpstream((socket, all) => {
      most = Math.max(most, upstream.sockets.size);
      if (all.split('HTTP/1.1').length > 2 && stale === undefined) stale = socket;
      else if (requestEnds(all)) socket.write(OK);
    });
    cleanups.push(() => upstream.close());
    const config = { pool: { connections: 1, pendingMs: 60_000 } };
    const forwarder = await forwarderTo(upstream.url, { config });
    const get = (path: string) => client(forwarder.port, `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await (await get('/0')).until(ends('ok'));
    const one = await get('/1');
    await expect.poll(() => stale, PATIENT).toBeDefined();
    const two = await get('/2');
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(1);
    stale!.resetAndDestroy();
    for (const each of [one, two]) await each.until(ends('ok'));
    expect((await forwarder.outcomesReach(3))[1]).toMatchObject({ kind: 'completed', retriedStale: true });
    expect(most).toBe(1);
    expect(upstream.received).toHaveLength(2);
  });

  it('close when they have been idle for long enough', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { idleMs: 60 } } });
    const { until } = await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(ends('ok'));
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
    await expect.poll(() => forwarder.upstream.stats.idle, PATIENT).toBe(0);
  });

  it('drain: requests in progress finish, new ones are refused', async () => {
    const holding: Socket[] = [];
    const upstream = await startRawUpstream((socket) => holding.push(socket));
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url);
    const one = await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await expect.poll(() => holding.length, PATIENT).toBe(1);
    const drained = forwarder.upstream.drain();
    const two = await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await two.until((text) => text.includes('503'));
    holding[0]!.write(OK);
    await one.until(ends('ok'));
    await drained;
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
  });
});
