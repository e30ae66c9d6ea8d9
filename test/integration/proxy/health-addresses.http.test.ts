/** Health checks of an upstream with several addresses: each is asked, and one that fails is not used. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { configSchema } from '@ficus/core';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { HealthChecks } from '../../../proxy/health/health-checks.ts';
import type { Address } from '../../../proxy/upstream/address-book.ts';
import { refusingPort } from '../../parts/refusing-port.ts';
import { type Backend, type Rig, startBackend, startRig, until } from './rig.ts';

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

const health = { path: '/health', intervalMs: 100, unhealthyAfter: 2, healthyAfter: 2 };
const ann = { cookie: 'sid=ann' };
const isCheck = ({ url }: { url?: string | undefined }) => url === '/health';
const requestsOf = (backend: Backend) => backend.requests.filter((request) => !isCheck(request));

function answerChecks(backend: Backend, status: number): void {
  backend.handler = (request, response) => {
    if (isCheck(request)) response.statusCode = status;
    response.end(backend.name);
  };
}

async function healthOf(rig: Rig, address: Backend): Promise<string | undefined> {
  const { host } = new URL(address.url);
  return new RegExp(`^ficus_upstream_healthy\\{upstream="[a-z]+",address="${host}"\\} (.*)$`, 'm').exec(
    await rig.metrics(),
  )?.[1];
}

/** @param outlier of the upstream: without ejection, only checks choose */
async function startTwo(
  side: 'legacy' | 'candidate',
  outlier: object = {},
): Promise<{ rig: Rig; one: Backend; two: Backend; burst: () => Promise<string[]> }> {
  const [one, two] = [await startBackend('one'), await startBackend('two')];
  const addresses = [one, two].map(({ url }) => new URL(url).host);
  const rig = await startRig({
    serve: side === 'legacy' ? 0 : 100,
    [side]: { addresses, health, outlier },
  });
  ended.push(
    () => one.close(),
    () => two.close(),
    () => rig.close(),
  );
  const burst = async (): Promise<string[]> => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => rig.get('/api/notes', ann)));
    return [
      ...new Set(answers.map(({ status, side, text }) => `${status} ${side} ${text.split(' ', 1)[0]}`)),
    ].sort();
  };
  await until(
    async () => (await healthOf(rig, one)) === '1' && (await healthOf(rig, two)) === '1',
    'healthy',
  );
  return { rig, one, two, burst };
}

test.each([
  ['with outlier ejection', {}],
  ['without', { maxShare: 0 }],
])('an address that fails gets no requests while another passes, %s', async (_, outlier) => {
  const { rig, one, two, burst } = await startTwo('candidate', outlier);
  await until(async () => (await burst()).length === 2, 'both are used');
  answerChecks(one, 503);
  await until(async () => (await healthOf(rig, one)) === '0', 'one is unhealthy');
  const before = requestsOf(one).length;
  for (let round = 0; round < 5; round += 1) expect(await burst()).toEqual(['200 candidate two']);
  expect(requestsOf(one)).toHaveLength(before);

  answerChecks(two, 503);
  await until(async () => (await healthOf(rig, two)) === '0', 'both are');
  expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'legacy', reason: 'candidate-unhealthy' });

  answerChecks(one, 200);
  await until(async () => (await rig.get('/api/notes', ann)).side === 'candidate', 'one is healthy again');
  expect(await burst()).toEqual(['200 candidate one']);
});

test('all addresses of a legacy that fails everywhere stay in use', async () => {
  const { rig, one, two, burst } = await startTwo('legacy');
  answerChecks(one, 503);
  answerChecks(two, 503);
  await until(
    async () => (await healthOf(rig, one)) === '0' && (await healthOf(rig, two)) === '0',
    'both are unhealthy',
  );
  await until(async () => (await burst()).length === 2, 'both are used');
  for (const answer of await burst()) expect(answer).toMatch(/^200 legacy/);
});

/** Checks of a legacy at `url`, whose name has these addresses. */
function startChecks(
  url: string,
  resolve: () => readonly Address[] | Error,
  more: object = {},
): HealthChecks {
  const config = configSchema.parse({ version: 1, legacy: { url, health, ...more } });
  const checks = new HealthChecks({
    logger: pino({ level: 'silent' }),
    count: () => {},
    onVerdicts: () => {},
    names: {
      refreshMs: 1,
      resolve: (_, done) => {
        const found = resolve();
        if (found instanceof Error) done(found, []);
        else done(null, found);
      },
    },
  });
  checks.replace(config);
  ended.push(() => checks.stop());
  return checks;
}

async function listen(server: Server, host: string, port = 0): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  ended.push(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const ipv4 = (address: string): Address => ({ address, family: 4 });

test('each address of a name is asked; those that it has no more are forgotten', async () => {
  const port = await listen(
    createServer((_, response) => response.end()),
    '127.0.0.1',
  );
  let addresses = ['127.0.0.1', '127.0.0.2'].map(ipv4);
  const checks = startChecks(`http://shop.test:${port}`, () => addresses);
  await until(() => checks.verdicts[0]!.avoid.length === 1, 'one fails');
  expect(checks.verdicts).toEqual([{ name: 'legacy', unhealthy: false, avoid: ['127.0.0.2'] }]);
  expect(checks.reports).toMatchObject([
    {
      name: 'legacy',
      state: 'degraded',
      addresses: [
        { address: '127.0.0.1', state: 'healthy' },
        { address: '127.0.0.2', state: 'unhealthy', detail: 'ECONNREFUSED' },
      ],
    },
  ]);
  addresses = [ipv4('127.0.0.1')];
  await until(() => checks.reports[0]!.addresses.length === 1, 'the name has one address');
  expect(checks.verdicts).toEqual([{ name: 'legacy', unhealthy: false, avoid: [] }]);
});

test('where all addresses fail, none is avoided: one of them must be used', async () => {
  const checks = startChecks(`http://shop.test:${await refusingPort()}`, () =>
    ['127.0.0.1', '127.0.0.2'].map(ipv4),
  );
  await until(() => checks.verdicts[0]!.unhealthy, 'both fail');
  expect(checks.verdicts).toEqual([{ name: 'legacy', unhealthy: true, avoid: [] }]);
});

test('each check has a connection of its own, though the upstream would keep the last one', async () => {
  let connections = 0;
  let asked = 0;
  const server = createNetServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.on('data', () => {
      asked += 1;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const port = await listen(server as unknown as Server, '127.0.0.1');
  startChecks(`http://shop.test:${port}`, () => [ipv4('127.0.0.1')]);
  await until(() => asked >= 4, 'checks');
  expect(connections).toBe(asked);
});

test('a name without addresses is unhealthy; the first address that it gets must pass as any other', async () => {
  const server = createServer((_, response) => response.end());
  const port = await listen(server, '127.0.0.1');
  let found: readonly Address[] | Error = new Error('no such name');
  const checks = startChecks(`http://shop.test:${port}`, () => found);
  await until(() => checks.verdicts[0]!.unhealthy, 'unhealthy');
  expect(checks.reports[0]!.addresses).toEqual([
    { address: 'shop.test', state: 'unhealthy', detail: 'no such name' },
  ]);
  found = [ipv4('127.0.0.1')];
  await until(() => checks.reports[0]!.addresses[0]!.address === '127.0.0.1', 'its address is known');
  expect(checks.verdicts[0]!.unhealthy).toBe(true);
  await until(() => !checks.verdicts[0]!.unhealthy, 'healthy');
});

test('checks use the upstream’s TLS', async () => {
  const pem = (name: string) => join(import.meta.dirname, '..', 'forward', 'certificates', `${name}.pem`);
  const named: unknown[] = [];
  const server = createSecureServer(
    {
      cert: readFileSync(pem('server')),
      key: readFileSync(pem('server-key')),
    },
    (request, response) => {
      named.push((request.socket as { servername?: unknown }).servername);
      response.end();
    },
  );
  const port = await listen(server as unknown as Server, '127.0.0.1');
  const trusted = startChecks(`https://upstream.test:${port}`, () => [ipv4('127.0.0.1')], {
    tls: { ca: pem('ca') },
  });
  const untrusted = startChecks(`https://upstream.test:${port}`, () => [ipv4('127.0.0.1')]);
  await until(() => trusted.reports[0]!.state === 'healthy', 'the certificate is trusted');
  await until(() => untrusted.reports[0]!.state === 'unhealthy', 'it is not');
  expect(named[0]).toBe('upstream.test');
});
