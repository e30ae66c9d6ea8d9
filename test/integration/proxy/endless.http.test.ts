/** Event streams and upgrades have no end of their own: what they take of the limits, and what their failures mean. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { ask, type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());
const ann = { cookie: 'sid=ann' };
const post = () => ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers: ann });

describe('event streams', () => {
  const follow = (path: string) => {
    const client = new AbortController();
    const answer = fetch(rig.url + path, { headers: ann, signal: client.signal });
    return { answer, leave: () => client.abort() };
  };
  /** Answers `/api/notes/events` by a stream. */
  const answerStreams = (): void => {
    const others = rig.candidate.handler;
    rig.candidate.handler = (request, response) => {
      if (!request.url!.endsWith('/events')) others(request, response);
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    };
  };

  test('take none of the places of `concurrency`, and give none back when they end', async () => {
    rig = await startRig({ serve: 100, candidate: { concurrency: 1 } });
    answerStreams();
    const streams = [];
    // One after the other: until its answer begins, a stream is like any request.
    for (let opened = 0; opened < 2; opened += 1) {
      const stream = follow('/api/notes/events');
      expect((await stream.answer).headers.get('x-ficus-side')).toBe('candidate');
      streams.push(stream);
    }
    expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'candidate' });
    for (const { leave } of streams) leave();
    const held: (() => void)[] = [];
    rig.candidate.handler = (_, response) => void held.push(() => response.end('held'));
    await until(async () => (await rig.metrics()).includes('{upstream="notes",state="streams"} 0'), 'over');
    const slow = rig.get('/api/notes', ann);
    await until(() => held.length === 1, 'the only place is taken');
    expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'legacy' });
    held[0]!();
    expect(await slow).toMatchObject({ side: 'candidate' });
  });

  test('close a half-open breaker when they begin, not when they end', async () => {
    rig = await startRig({ serve: 100, candidate: { breaker: { failures: 1, openMs: 50 } } });
    const well = rig.candidate.handler;
    rig.candidate.handler = (_, response) => void response.writeHead(500).end();
    await rig.get('/api/notes', ann);
    rig.candidate.handler = well;
    answerStreams();
    const stream = async (): Promise<boolean> => {
      const { answer, leave } = follow('/api/notes/events');
      const isServed = (await answer).headers.get('x-ficus-side') === 'candidate';
      if (!isServed) leave();
      return isServed;
    };
    await until(stream, 'the probe');
    expect(rig.logs.filter((line) => line.msg === 'breaker changed').at(-1)).toMatchObject({
      state: 'closed',
    });
  });
});

describe('WebSocket and other upgrades', () => {
  test('go to the decided side, bytes both ways', async () => {
    rig = await startRig({ serve: 100, routes: [{ id: 'live', path: '/api/live' }] });
    rig.candidate.server.on('upgrade', (request, socket) => {
      expect(request.headers['x-forwarded-for']).toBe('127.0.0.1');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
      socket.on('error', () => {});
    });
    const { port } = new URL(rig.url);
    const client = connect(Number(port), '127.0.0.1');
    client.write(
      'GET /api/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nCookie: sid=a\r\n\r\n',
    );
    let text = '';
    client.on('data', (chunk) => {
      text += chunk;
    });
    await until(() => text.includes('\r\n\r\n'), 'accepted');
    expect(text).toMatch(/^HTTP\/1\.1 101 /);
    client.write('there and back');
    await until(() => text.endsWith('there and back'), 'echoed');
    client.destroy();
  });

  test('a refused one gets a problem document', async () => {
    rig = await startRig({ legacy: { url: `http://127.0.0.1:${await refusingPort()}` } });
    const { port } = new URL(rig.url);
    const client = connect(Number(port), '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    const chunks: Buffer[] = [];
    client.on('data', (chunk) => chunks.push(chunk));
    await once(client, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 502 .*application\/problem\+json/s);
  });
});

test('an upgrade beyond the limit is answered with Retry-After', async () => {
  rig = await startRig({ legacy: { concurrency: 1 } });
  rig.legacy.handler = () => {};
  const held = rig.get('/held').catch(() => {});
  await until(() => rig.legacy.requests.length === 1, 'the only place is taken');
  const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
  expect(await sendRaw(rig.url, upgrade)).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nretry-after: 1\r\n/);
  await rig.legacy.close();
  await held;
});

test('an event stream beyond pool.streams invites no write to be repeated, and is no failure of its upstream', async () => {
  rig = await startRig({
    serve: 100,
    candidate: { pool: { streams: 1 }, retry: { attempts: 2 }, breaker: { failures: 1, openMs: 60_000 } },
    slice: { onBreakerOpen: 'fail' },
  });
  rig.candidate.handler = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  const stop = new AbortController();
  const stream = await fetch(`${rig.url}/api/notes`, { headers: ann, signal: stop.signal });
  expect(stream.status).toBe(200);
  const writing = await post();
  expect(writing.status).toBe(502);
  expect(writing.headers.has('retry-after')).toBe(false);
  expect(writing.text).toContain('FICUS_PROXY_STREAM_NOT_PASSED');
  const reading = await rig.get('/api/notes', ann);
  expect(reading.status).toBe(503);
  expect(reading.headers.get('retry-after')).toBe('1');
  // Each arrived once, and no open breaker kept the last one back.
  expect(rig.candidate.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
  stop.abort();
});
