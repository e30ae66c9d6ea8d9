/** Breaker, fallback, retries, bulkhead, and a write never goes anywhere a second time. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server as NetServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { ask, type Rig, startRig, until } from './rig.ts';

let rig: Rig;
let extra: NetServer | undefined;
afterEach(async () => {
  await rig.close();
  extra?.close();
  extra = undefined;
});
const ann = { cookie: 'sid=ann' };
const post = () => ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers: ann });

/** An upstream that reads the request and then cuts the connection. */
async function startCutter(): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  extra = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.once('data', () => socket.destroy());
  });
  extra.listen(0, '127.0.0.1');
  await once(extra, 'listening');
  return { url: `http://127.0.0.1:${(extra.address() as AddressInfo).port}`, connections: () => connections };
}

const refusing = async () => `http://127.0.0.1:${await refusingPort()}`;

describe('a candidate that cannot be reached', () => {
  test('reads return to the legacy, and the breaker opens', async () => {
    rig = await startRig({
      serve: 100,
      candidate: { url: await refusing(), breaker: { failures: 3, openMs: 60_000 } },
    });
    const reasons: (string | null)[] = [];
    for (let request = 0; request < 5; request += 1) {
      const answer = await rig.get('/api/notes', ann);
      expect(answer).toMatchObject({ status: 200, side: 'legacy' });
      reasons.push(answer.reason);
    }
    expect(reasons).toEqual(['fell-back', 'fell-back', 'fell-back', 'breaker-open', 'breaker-open']);
    expect(rig.logs.some((line) => line.msg === 'breaker changed' && line.state === 'open')).toBe(true);
    // The client sees no failure, but the guards do.
    const failures = 'ficus_request_failures_total{slice="notes",route="list",side="candidate"';
    await until(async () => (await rig.metrics()).includes(failures), 'counted as the candidate’s');
    // A write that has been sent nowhere may go to the legacy: this slice has no tables.
    expect(await post()).toMatchObject({ status: 200, side: 'legacy', reason: 'breaker-open' });
  });

  test('with onBreakerOpen: fail, no request falls back', async () => {
    rig = await startRig({
      serve: 100,
      slice: { onBreakerOpen: 'fail' },
      candidate: { url: await refusing(), breaker: { failures: 2, openMs: 60_000 } },
    });
    expect(await rig.get('/api/notes', ann)).toMatchObject({ status: 502 });
    expect(await rig.get('/api/notes', ann)).toMatchObject({ status: 502 });
    const refused = await rig.get('/api/notes', ann);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'FICUS_PROXY_BREAKER_OPEN' });
    expect(rig.legacy.requests).toHaveLength(0);
  });

  test('one probe after a while closes it again', async () => {
    rig = await startRig({ serve: 100, candidate: { breaker: { failures: 2, openMs: 50 } } });
    let unhealthy = true;
    const well = rig.candidate.handler;
    rig.candidate.handler = (request, response) => {
      if (unhealthy) response.writeHead(500).end();
      else well(request, response);
    };
    for (let request = 0; request < 2; request += 1)
      expect((await rig.get('/api/notes', ann)).status).toBe(500);
    // A probe may already have been sent, and failed.
    await until(async () => {
      const answer = await rig.get('/api/notes', ann);
      if (answer.side === 'legacy') expect(answer.reason).toBe('breaker-open');
      else expect(answer.status).toBe(500);
      return answer.side === 'legacy';
    }, 'open');
    unhealthy = false;
    await until(async () => (await rig.get('/api/notes', ann)).side === 'candidate', 'closed again');
  });
});

describe('a pool whose connections are all in use for longer than a request may wait', () => {
  /** Holds one request, so that there is no place for others. */
  async function startBusy(slice: Record<string, unknown>, retry = {}) {
    const busy = { pool: { connections: 1, pending: 10, pendingMs: 20 }, breaker: { failures: 2 }, retry };
    rig = await startRig({ serve: 100, slice, candidate: busy });
    let release = (): void => {};
    rig.candidate.handler = (_, response) => {
      release = () => response.end('whole');
    };
    const held = rig.get('/api/notes', ann);
    await until(() => rig.candidate.requests.length === 1, 'held');
    return { held, release: () => release() };
  }

  test('is answered with 503 and Retry-After, and does not count against the upstream: its breaker stays closed', async () => {
    const { held, release } = await startBusy({ onBreakerOpen: 'fail' });
    for (let request = 0; request < 3; request += 1) {
      const refused = await rig.get('/api/notes', ann);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(JSON.parse(refused.text)).toMatchObject({ code: 'FICUS_PROXY_OVERLOADED' });
    }
    release();
    expect((await held).text).toBe('whole');
    expect(rig.logs.filter((line) => line.msg === 'breaker changed')).toEqual([]);
  });

  test('is not retried: a read goes to the legacy', async () => {
    const { held, release } = await startBusy({}, { attempts: 3, perSecond: 100 });
    expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'legacy', reason: 'fell-back' });
    await until(async () => (await rig.metrics()).includes('phase="queue",cause="timed-out"}'), 'counted');
    expect(await rig.metrics()).toContain('phase="queue",cause="timed-out"} 1\n');
    release();
    expect((await held).text).toBe('whole');
  });
});

describe('a candidate that accepts requests and dies', () => {
  test('a read goes to the legacy; a write that may have been sent goes nowhere else', async () => {
    const cutter = await startCutter();
    rig = await startRig({
      serve: 100,
      candidate: { url: cutter.url, breaker: { failures: 100, openMs: 100 } },
    });
    expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'legacy', reason: 'fell-back' });
    const written = await post();
    expect(written.status).toBe(502);
    expect(JSON.parse(written.text)).toMatchObject({ code: 'FICUS_PROXY_UPSTREAM_RESET' });
    expect(rig.legacy.requests.filter(({ method }) => method === 'POST')).toHaveLength(0);
    expect(await rig.get('/elsewhere')).toMatchObject({ status: 200 });
    await until(
      async () =>
        (await rig.metrics()).includes('ficus_upstream_failures_total{upstream="notes",side="upstream"'),
      'the failure names side and phase',
    );
  });
});

test('a read by PUT that may have reached the candidate goes nowhere else, also when the breaker opens before its retry', async () => {
  const cutter = await startCutter();
  rig = await startRig({
    serve: 100,
    routes: [{ id: 'search', kind: 'read', methods: ['PUT'], path: '/api/search' }],
    candidate: {
      url: cutter.url,
      breaker: { failures: 1, openMs: 60_000 },
      retry: { attempts: 2, backoffMs: 1, perSecond: 100 },
    },
  });
  const put = () => ask(`${rig.url}/api/search`, { method: 'PUT', headers: ann });
  expect(await put()).toMatchObject({ status: 503, side: 'candidate' });
  expect(rig.legacy.requests).toHaveLength(0);
  // The next one has gone nowhere yet.
  expect(await put()).toMatchObject({ status: 200, side: 'legacy', reason: 'breaker-open' });
  expect(cutter.connections()).toBe(1);
});

describe('retries', () => {
  test('an idempotent request is retried within the budget, after 503 or a cut connection', async () => {
    const retry = { attempts: 3, backoffMs: 1, perSecond: 100 };
    rig = await startRig({ legacy: { retry } });
    let asked = 0;
    rig.legacy.handler = (request, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(503).end('not now');
      else if (asked === 2) request.socket.destroy();
      else response.end('third time');
    };
    expect(await rig.get('/elsewhere')).toMatchObject({ status: 200, text: 'third time' });
    expect(asked).toBe(3);
  });

  test('a POST is never retried', async () => {
    rig = await startRig({ legacy: { retry: { attempts: 3, backoffMs: 1, perSecond: 100 } } });
    let asked = 0;
    rig.legacy.handler = (_, response) => {
      asked += 1;
      response.writeHead(503).end();
    };
    expect((await ask(`${rig.url}/x`, { method: 'POST', body: 'x' })).status).toBe(503);
    expect(asked).toBe(1);
  });

  test('the budget ends a storm: retries stay a share of the requests', async () => {
    rig = await startRig({
      legacy: { retry: { attempts: 3, backoffMs: 1, perSecond: 0, budgetRatio: 0.1 } },
    });
    let asked = 0;
    rig.legacy.handler = (_, response) => {
      asked += 1;
      response.writeHead(503).end();
    };
    for (let request = 0; request < 50; request += 1) expect((await rig.get('/x')).status).toBe(503);
    expect(asked).toBeGreaterThan(50);
    expect(asked).toBeLessThanOrEqual(56);
  });
});

describe('bulkhead', () => {
  test('requests beyond the limit fail fast with 503, or read from the legacy', async () => {
    rig = await startRig({ serve: 100, candidate: { concurrency: 2 }, legacy: { concurrency: 3 } });
    const held: (() => void)[] = [];
    rig.candidate.handler = (_, response) => void held.push(() => response.end('held'));
    const slow = [rig.get('/api/notes', ann), rig.get('/api/notes', ann)];
    await until(() => held.length === 2, 'two are under way');
    expect(await rig.get('/api/notes', ann)).toMatchObject({ status: 200, side: 'legacy' });
    expect(await post()).toMatchObject({ status: 503 });
    for (const release of held) release();
    expect((await Promise.all(slow)).every(({ side }) => side === 'candidate')).toBe(true);
  });
});

describe('load shedding', () => {
  test('new requests are refused while memory is over its limit, and accepted again afterwards', async () => {
    rig = await startRig({ proxy: { limits: { bufferedBytes: 48 * 1024 * 1024 } } });
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const untilTaken = (what: string) =>
      until(async () => {
        collect();
        return (await rig.get('/x')).status === 200;
      }, what);
    // This process may still hold memory of other tests.
    await untilTaken('taken');
    let held: Buffer | undefined = Buffer.alloc(64 * 1024 * 1024, 1);
    await until(async () => (await rig.get('/x')).status === 503, 'shedding');
    const refused = await rig.get('/x');
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'FICUS_PROXY_OVERLOADED' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(held.length).toBeGreaterThan(0);
    held = undefined;
    await untilTaken('taken again');
  });
});

describe('draining', () => {
  test('tunnels and event streams, which are endless, are ended; others finish', async () => {
    // Long enough for requests in progress on a busy machine; endless ones are ended after a second.
    rig = await startRig({ proxy: { timeouts: { drainMs: 10_000 } } });
    rig.legacy.server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket
        .on('error', () => {})
        .on('end', () => socket.end())
        .resume();
    });
    rig.legacy.handler = (request, response) => {
      if (request.url === '/stream')
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      else setTimeout(() => response.end('finished'), 50);
    };
    const { port } = new URL(rig.url);
    const open = ['Connection: Upgrade\r\nUpgrade: echo\r\n', 'Accept: text/event-stream\r\n'].map(
      (fields) => {
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => {});
        socket.write(`GET /stream HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
        return socket;
      },
    );
    await Promise.all(open.map((socket) => once(socket, 'data')));
    const slow = rig.get('/slow');
    await until(() => rig.legacy.requests.some(({ url }) => url === '/slow'), 'under way');
    await Promise.all([rig.proxy.stop(), ...open.map((socket) => once(socket, 'close'))]);
    expect(await slow).toMatchObject({ status: 200, text: 'finished' });
  });

  test('answers in progress announce that they are the last of their connection', async () => {
    rig = await startRig({ proxy: { timeouts: { drainMs: 10_000 } } });
    let finish = (): void => {};
    rig.legacy.handler = (_, response) => {
      finish = () => response.end('finished');
    };
    const port = Number(new URL(rig.url).port);
    const poll = connect(port, '127.0.0.1');
    let text = '';
    poll.on('data', (chunk) => {
      text += chunk.toString();
    });
    poll.write('GET /poll HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => rig.legacy.requests.length === 1, 'under way');
    const stopped = rig.proxy.stop();
    const refuses = () =>
      new Promise<boolean>((resolve) => {
        const another = connect(port, '127.0.0.1', () => resolve(false)).on('error', () => resolve(true));
        another.on('connect', () => another.destroy());
      });
    await until(refuses, 'draining');
    finish();
    await once(poll, 'close');
    expect(text).toMatch(/\r\nConnection: close\r\n.*finished$/s);
    await stopped;
  });
});
