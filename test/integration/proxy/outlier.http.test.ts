/** One unhealthy address among several of an upstream: ejected, probed, returned; seen in metrics and log. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { type Backend, type Rig, type RigOptions, startBackend, startRig, until } from './rig.ts';

let rig: Rig;
const backends: Backend[] = [];
afterEach(async () => {
  await rig.close();
  await Promise.all(backends.splice(0).map((backend) => backend.close()));
});

/** The legacy at several addresses, each with a backend of its own. */
async function withAddresses(count: number, legacy: RigOptions['legacy'] = {}): Promise<Backend[]> {
  for (let index = 0; index < count; index += 1) backends.push(await startBackend(`address-${index}`));
  const addresses = backends.map(({ url }) => new URL(url).host);
  rig = await startRig({ legacy: { addresses, ...legacy } });
  return backends;
}

const outlier = { failures: 3, ejectMs: 60_000, maxEjectMs: 60_000 };

/** Requests at once, so that all addresses are used. Answers their statuses. */
async function burst(count = 8): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, async () => (await rig.get('/x')).status));
}

const changes = (part: string) => rig.logs.filter(({ msg }) => String(msg).startsWith(part));
const ejected = () => changes('address ejected');

async function untilEjected(): Promise<void> {
  await until(async () => {
    await burst();
    return ejected().length > 0;
  }, 'ejected');
}

describe('an address among several', () => {
  test.each([
    ['answers 503', 'gateway-status', (backend: Backend) => answer(backend, 503)],
    ['cuts every connection', 'reset', cut],
    ['never answers', 'timed-out', silence],
    ['is not there', 'refused', (backend: Backend) => backend.close()],
    ['answers 500 where others do not', 'failure-rate', (backend: Backend) => answer(backend, 500)],
  ] as const)('that %s is ejected', async (_what, reason, makeUnhealthy) => {
    const [unhealthy] = await withAddresses(2, {
      outlier: { ...outlier, minRequests: 10 },
      // Short only where the test waits for it: a busy machine must not make healthy addresses late.
      timeouts: { firstByteMs: reason === 'timed-out' ? 1_500 : 60_000 },
    });
    await makeUnhealthy(unhealthy!);
    await untilEjected();
    const seen = unhealthy!.requests.length;
    for (let round = 0; round < 5; round += 1) expect(new Set(await burst())).toEqual(new Set([200]));
    expect(unhealthy!.requests).toHaveLength(seen);
    expect(ejected()).toMatchObject([
      { upstream: 'legacy', address: new URL(unhealthy!.url).host, reason, level: 40 },
    ]);
    const series = `ficus_outlier_ejections_total{upstream="legacy",reason="${reason}"} 1`;
    const out = 'ficus_upstream_addresses_out{upstream="legacy"} 1';
    await until(async () => {
      const metrics = await rig.metrics();
      return metrics.includes(series) && metrics.includes(out);
    }, 'counted');
  });

  test('returns through one request, which delays no others', async () => {
    const [unhealthy, healthy] = await withAddresses(2, { outlier: { failures: 3, ejectMs: 50 } });
    const healed = unhealthy!.handler;
    answer(unhealthy!, 503);
    await untilEjected();
    const held: (() => void)[] = [];
    unhealthy!.handler = (request, response) => void held.push(() => healed(request, response));
    const seen = unhealthy!.requests.length;
    const arrived = once(unhealthy!.server, 'request');
    let probe = rig.get('/x');
    // One request becomes the probe once the time has passed; concurrent ones go to the other address.
    await until(async () => {
      if (held.length > 0) return true;
      await Promise.race([probe, arrived]);
      if (held.length === 0) probe = rig.get('/x');
      return held.length > 0;
    }, 'a probe is under way');
    expect(new Set(await burst())).toEqual(new Set([200]));
    expect(unhealthy!.requests).toHaveLength(seen + 1);
    held[0]!();
    expect((await probe).status).toBe(200);
    await until(() => changes('address returned').length === 1, 'taken back');
    unhealthy!.handler = healed;
    const before = healthy!.requests.length + unhealthy!.requests.length;
    await burst();
    expect(healthy!.requests.length + unhealthy!.requests.length).toBe(before + 8);
    await until(async () => (await rig.metrics()).includes('ficus_outlier_returns_total'), 'counted');
  });

  test('is probed within pool.connections: while all are in use, the probe waits as well', async () => {
    const ejectMs = 50;
    const [unhealthy, healthy] = await withAddresses(2, {
      outlier: { failures: 3, ejectMs, maxEjectMs: ejectMs },
      pool: { connections: 1, pendingMs: 60_000 },
    });
    answer(unhealthy!, 503);
    // Each request gets a connection of its own: a kept one would lead all of them to one address.
    const onceOnly: Backend['handler'] = (_, response) =>
      void response.setHeader('connection', 'close').end('x');
    healthy!.handler = onceOnly;
    await untilEjected();
    const held: (() => void)[] = [];
    healthy!.handler = (_, response) => void held.push(() => response.end('held'));
    const asked: Promise<unknown>[] = [];
    // Those that probe meanwhile are answered with 503.
    await until(() => {
      asked.push(rig.get('/x'));
      return held.length === 1;
    }, 'the only connection is in use');
    const seen = unhealthy!.requests.length;
    const since = performance.now();
    await until(() => {
      asked.push(rig.get('/x'));
      return performance.now() - since > 4 * ejectMs;
    }, 'a probe is due');
    expect(unhealthy!.requests).toHaveLength(seen);
    expect(held).toHaveLength(1);
    healthy!.handler = onceOnly;
    held[0]!();
    await Promise.all(asked);
    expect(unhealthy!.requests.length).toBeGreaterThan(seen);
  });

  test('is never the last: an upstream that is unhealthy as a whole still gets requests', async () => {
    const all = await withAddresses(3, { outlier });
    for (const backend of all) cut(backend);
    await untilEjected();
    for (let round = 0; round < 5; round += 1) expect(new Set(await burst())).toEqual(new Set([502]));
    expect(ejected()).toHaveLength(1);
    for (const backend of all) answer(backend, 200);
    expect(new Set(await burst())).toEqual(new Set([200]));
  });

  test('that is ejected is used again when the others cannot be reached', async () => {
    const [unhealthy, healthy] = await withAddresses(2, { outlier });
    answer(unhealthy!, 503);
    await untilEjected();
    answer(unhealthy!, 200);
    await healthy!.close();
    await until(async () => (await rig.get('/x')).status === 200, 'the address that is out');
  });

  test('is not ejected when ejection is disabled', async () => {
    const [unhealthy] = await withAddresses(2, { outlier: { ...outlier, maxShare: 0 } });
    answer(unhealthy!, 503);
    await until(async () => (await burst()).filter((status) => status === 503).length > 0);
    const seen = unhealthy!.requests.length;
    await until(async () => {
      await burst();
      return unhealthy!.requests.length > seen + 10;
    }, 'still asked');
    expect(ejected()).toEqual([]);
  });
});

test('an unhealthy address of the candidate does not open the candidate’s breaker', async () => {
  for (const name of ['unhealthy', 'healthy']) backends.push(await startBackend(name));
  const addresses = backends.map(({ url }) => new URL(url).host);
  rig = await startRig({ serve: 100, candidate: { addresses, outlier: { failures: 5 } } });
  answer(backends[0]!, 503);
  const sides = new Set<string | null>();
  for (let request = 0; request < 50; request += 1) {
    sides.add((await rig.get('/api/notes', { cookie: 'sid=ann' })).side);
  }
  expect(sides).toEqual(new Set(['candidate']));
  expect(rig.logs.some(({ msg }) => msg === 'breaker changed')).toBe(false);
});

function answer(backend: Backend, status: number): void {
  backend.handler = (_, response) => void response.writeHead(status).end('x');
}

function silence(backend: Backend): void {
  backend.handler = () => {};
}

function cut(backend: Backend): void {
  backend.handler = (request) => void request.socket.destroy();
}
