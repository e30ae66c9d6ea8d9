/**
 * What never ends by itself (event streams, tunnels), or not for long (long polls, slow uploads), takes nothing away from
 * other requests.
 */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PATIENT } from './forwarder-rig.ts';
import { ends, forwardRig, OK, requestEnds } from './rig.ts';

const { client, forwarderTo, upstreamAnswering } = forwardRig();

const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
const ask = (target: string, ...fields: string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: h', ...fields, '', ''].join('\r\n');
const UPGRADE = ask('/socket', 'Connection: Upgrade', 'Upgrade: x');

/** Event streams begin and stay open, upgrades are accepted, `/later` is never answered, the rest at once. */
const answering = () =>
  upstreamAnswering((all) => {
    if (!requestEnds(all)) return undefined;
    const last = all.split('\r\n\r\n').at(-2)!;
    if (last.includes('/later')) return undefined;
    if (last.includes('/events')) return EVENTS;
    return last.includes('/socket') ? ACCEPT : OK;
  });

describe('without bounds in the config', () => {
  const CROWD = 300;
  it.each([
    ['event streams', ask('/events')],
    ['long polls', ask('/later')],
    ['upgrades', UPGRADE],
    ['uploads', 'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\npart'],
  ])('any number of %s is served, and others beside them', async (_, bytes) => {
    const upstream = await answering();
    const forwarder = await forwarderTo(upstream.url);
    for (let opened = 0; opened < CROWD; opened += 1) await client(forwarder.port, bytes);
    const arrived = () => upstream.received.filter((all) => all.includes('Host: h')).length;
    await expect.poll(arrived, PATIENT).toBe(CROWD);
    await (await client(forwarder.port, ask('/page'))).until(ends('ok'));
    expect(forwarder.outcomes).toHaveLength(1);
  });

  it('no more than pool.idle unused connections stay open', async () => {
    const asking: Socket[] = [];
    const upstream = await upstreamAnswering(() => undefined);
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { idle: 2 } } });
    const clients = await Promise.all(Array.from({ length: 5 }, () => client(forwarder.port, ask('/'))));
    await expect.poll(() => upstream.received.filter(requestEnds).length, PATIENT).toBe(5);
    asking.push(...upstream.sockets);
    for (const socket of asking) socket.write(OK);
    for (const { until } of clients) await until(ends('ok'));
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(2);
    expect(forwarder.upstream.stats).toMatchObject({ idle: 2, active: 0 });
  });
});

describe('with pool.connections', () => {
  it('event streams take no place, and those that end leave none behind', async () => {
    const upstream = await answering();
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { connections: 1 } } });
    const streams = [];
    for (let opened = 0; opened < 3; opened += 1) {
      const stream = await client(forwarder.port, ask('/events'));
      await stream.until((text) => text.includes('text/event-stream'));
      streams.push(stream);
    }
    expect(forwarder.upstream.stats).toMatchObject({ streams: 3, active: 0, tunnels: 0 });
    await (await client(forwarder.port, ask('/page'))).until(ends('ok'));
    for (const socket of upstream.sockets) socket.write('0\r\n\r\n');
    for (const { until } of streams) await until(ends('0\r\n\r\n'));
    await expect.poll(() => forwarder.upstream.stats, PATIENT).toMatchObject({ streams: 0, exchanges: 0 });
    // The one that served the page got bytes that nobody asked for, as well.
    await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
    await (await client(forwarder.port, ask('/page'))).until(ends('ok'));
  });

  it('an event stream lets the next one in the queue go', async () => {
    const upstream = await answering();
    const forwarder = await forwarderTo(upstream.url, {
      config: { pool: { connections: 1, pendingMs: 60_000 } },
    });
    const polling = await client(forwarder.port, ask('/later'));
    await expect.poll(() => upstream.received.filter(requestEnds).length, PATIENT).toBe(1);
    const page = await client(forwarder.port, ask('/page'));
    await expect.poll(() => forwarder.upstream.stats.pending, PATIENT).toBe(1);
    for (const socket of upstream.sockets) socket.write(EVENTS);
    await polling.until((text) => text.includes('text/event-stream'));
    await page.until(ends('ok'));
  });
});

describe('with pool.streams', () => {
  it.each([
    ['event stream', ask('/events'), 'receive', 'too-many-streams'],
    ['upgrade', UPGRADE, 'queue', 'overloaded'],
  ])('one %s more than that is refused, until another has ended', async (_, bytes, phase, cause) => {
    const upstream = await answering();
    const forwarder = await forwarderTo(upstream.url, { config: { pool: { streams: 2 } } });
    const stream = await client(forwarder.port, ask('/events'));
    await stream.until((text) => text.includes('text/event-stream'));
    const tunnel = await client(forwarder.port, UPGRADE);
    await tunnel.until((text) => text.includes('101'));
    await (await client(forwarder.port, bytes)).until((text) => text.startsWith('HTTP/1.1 5'));
    const detail = 'as many event streams and upgrades are open as pool.streams allows';
    expect(forwarder.outcomes).toMatchObject([{ phase, cause, detail, responseStarted: false }]);
    await (await client(forwarder.port, ask('/page'))).until(ends('ok'));
    stream.socket.resetAndDestroy();
    await expect.poll(() => forwarder.upstream.stats.streams, PATIENT).toBe(0);
    await (await client(forwarder.port, bytes)).until((text) => /^HTTP\/1\.1 (200|101) /.test(text));
  });
});

describe('an upgrade that is answered by an event stream', () => {
  it('may be silent for longer than idleMs', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? EVENTS : undefined));
    const config = { timeouts: { idleMs: 50 }, pool: { connections: 1 } };
    const forwarder = await forwarderTo(upstream.url, { config });
    const stream = await client(forwarder.port, UPGRADE);
    await stream.until((text) => text.includes('text/event-stream'));
    // Another exchange of the same age is over by then, and needs the place.
    const silent = await client(forwarder.port, ask('/events'));
    await silent.until((text) => text.includes('text/event-stream'));
    const cut = await forwarderTo((await upstreamAnswering(() => 'HTTP/1.1 200 OK\r\n\r\npart')).url, {
      config,
    });
    await (await client(cut.port, ask('/'))).untilEnd();
    expect(forwarder.outcomes).toEqual([]);
    for (const socket of upstream.sockets) socket.write('2\r\n:\n\r\n');
    await stream.until(ends('2\r\n:\n\r\n'));
  });
});
