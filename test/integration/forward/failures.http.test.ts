/** Failures of the forwarder’s two sides: distinguished, in time, and passed on to the other side at once. */
import { describe, expect, it } from 'vitest';
import { nodeInternals } from '../../../proxy/wire/node-internals.ts';
import { refusingPort } from '../../parts/refusing-port.ts';
import { PATIENT, startRawUpstream } from './forwarder-rig.ts';
import { ends, forwardRig, OK, requestEnds } from './rig.ts';

const { cleanups, client, forwarderTo } = forwardRig();

describe('failures', () => {
  const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

  it('to connect are distinguished from those to answer, in time', async () => {
    const refused = await forwarderTo(`http://127.0.0.1:${await refusingPort()}`);
    await (await client(refused.port, get)).until((text) => text.includes('502'));
    expect(refused.outcomes[0]).toMatchObject({
      side: 'upstream',
      phase: 'connect',
      cause: 'refused',
      mayHaveBeenSent: false,
    });
    const silent = await startRawUpstream(() => {});
    cleanups.push(() => silent.close());
    const slow = await forwarderTo(silent.url, { config: { timeouts: { firstByteMs: 60 } } });
    await (await client(slow.port, get)).until((text) => text.includes('504'));
    expect(slow.outcomes[0]).toMatchObject({
      phase: 'first-byte',
      cause: 'timed-out',
      mayHaveBeenSent: true,
    });
    await expect.poll(() => silent.sockets.size, PATIENT).toBe(0);
  });

  it('of an idle or a too long response cut the client off', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    cleanups.push(() => upstream.close());
    const idle = await forwarderTo(upstream.url, { config: { timeouts: { idleMs: 60 } } });
    expect(await (await client(idle.port, get)).untilEnd()).toMatch(/half$/);
    expect((await idle.outcomesReach(1))[0]).toMatchObject({
      side: 'upstream',
      phase: 'receive',
      cause: 'timed-out',
      responseStarted: true,
    });
    const total = await forwarderTo(upstream.url, { config: { timeouts: { totalMs: 2_000 } } });
    // Long enough for the answer to begin on a busy machine.
    await (await client(total.port, get)).untilEnd();
    expect((await total.outcomesReach(1))[0]).toMatchObject({ phase: 'receive', cause: 'timed-out' });
  });

  it('of the client reach the upstream at once, in every phase', async () => {
    const upstream = await startRawUpstream((socket, all) => {
      if (all.startsWith('GET /half')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url);
    const requests = [
      'GET /wait HTTP/1.1\r\nHost: h\r\n\r\n',
      'POST /send HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\npart',
      'GET /half HTTP/1.1\r\nHost: h\r\n\r\n',
    ];
    for (const [index, bytes] of requests.entries()) {
      const aborting = await client(forwarder.port, bytes);
      await expect.poll(() => upstream.received[index] ?? '', PATIENT).toMatch(/\r\n\r\n/);
      if (index === 2) await aborting.until(ends('half'));
      aborting.socket.resetAndDestroy();
      await expect.poll(() => upstream.sockets.size, PATIENT).toBe(0);
    }
    const outcomes = await forwarder.outcomesReach(3);
    for (const [index, phase] of ['first-byte', 'send', 'receive'].entries()) {
      expect(outcomes[index]).toMatchObject({ kind: 'failed', side: 'client', phase, cause: 'cancelled' });
    }
    expect(forwarder.upstream.stats).toMatchObject({ active: 0, exchanges: 0 });
  });

  it('after an early answer leave the client’s connection usable', async () => {
    const upstream = await startRawUpstream((socket, all) => {
      if (all.startsWith('POST')) socket.write('HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno');
      else if (requestEnds(all)) socket.write(OK);
    });
    cleanups.push(() => upstream.close());
    const { port } = await forwarderTo(upstream.url);
    const { socket, until } = await client(
      port,
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\npart',
    );
    await until(ends('no'));
    socket.write(`rest${get}`);
    await until(ends('ok'));
  });

  it('after an early answer and a reset still give the client that answer', async () => {
    const upstream = await startRawUpstream(() => {});
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url);
    const { socket, until } = await client(
      forwarder.port,
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\npart',
    );
    await expect.poll(() => upstream.received[0] ?? '', PATIENT).toMatch(/part$/);
    const [refusing] = upstream.sockets;
    // All of it has arrived when the proxy reads: more of the body first, then the answer and the reset behind it.
    socket.write('re');
    refusing!.write('HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    refusing!.resetAndDestroy();
    // A stream whose write has failed reads no more: without direct writes the answer is lost
    // (docs/adr/0007).
    if (!nodeInternals.sockets) {
      await until((all) => all.startsWith('HTTP/1.1 502'));
      return;
    }
    expect(await until(ends('no'))).toMatch(/^HTTP\/1.1 413 No/);
    expect(forwarder.outcomes[0]).toMatchObject({ kind: 'completed', status: 413 });
  });

  it.each([true, false])('before any of the body leave it usable as well (lean: %s)', async (lean) => {
    const upstream = await startRawUpstream((socket, all) => {
      socket.write(all.startsWith('POST') ? 'HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno' : OK);
    });
    cleanups.push(() => upstream.close());
    const forwarder = await forwarderTo(upstream.url, { lean });
    const length = 3_000_000;
    const { socket, until } = await client(
      forwarder.port,
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`,
    );
    await until(ends('no'));
    socket.write('b'.repeat(length) + get);
    await until(ends('ok'));
  });

  it('before a connection exists leave the body in place for another attempt', async () => {
    const forwarder = await forwarderTo(`http://127.0.0.1:${await refusingPort()}`);
    const { until, socket } = await client(
      forwarder.port,
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody',
    );
    await until((text) => text.includes('502'));
    expect(forwarder.outcomes[0]).toMatchObject({ bodyTaken: false, mayHaveBeenSent: false });
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody');
    await until((text) => text.split('502').length === 3);
  });
});
