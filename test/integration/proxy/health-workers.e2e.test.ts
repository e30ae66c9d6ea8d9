/** Health checks of a proxy with two workers: sent once, and what they say reaches both, and one that starts later. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../e2e/run-command.ts';
import { ask, type Backend, noteFlags, startBackend, until } from './rig.ts';

let folder: string;
let legacy: Backend;
let candidate: Backend;
let proxy: RunningCommand;
let url: string;
let admin: string;
let healthy: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-health-'));
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  healthy = true;
  candidate.handler = (request, response) => {
    if (request.url === '/health' && !healthy) response.statusCode = 503;
    response.end();
  };
  const flags = join(folder, 'flags.json');
  const config = join(folder, 'ficus.yaml');
  await writeFile(flags, JSON.stringify({ version: 2, features: noteFlags(100, 0) }));
  await writeFile(
    config,
    JSON.stringify({
      version: 1,
      proxy: {
        listen: '127.0.0.1:0',
        admin: '127.0.0.1:0',
        workers: 2,
        expose: true,
        identify: { user: { cookie: 'sid' } },
        accessLog: { sample: 1 },
      },
      flags: { provider: 'file', file: flags },
      legacy: { url: legacy.url },
      slices: {
        notes: {
          candidate: { url: candidate.url, health: { path: '/health', intervalMs: 100 } },
          routes: [{ id: 'list', path: '/api/notes' }],
        },
      },
    }),
  );
  proxy = startCommand(['cli/bin/ficus.js', 'proxy', '--config', config]);
  const lines = linesOf(await proxy.until('"admin listening"'));
  url = lines.find(({ msg }) => msg === 'listening')!.address as string;
  admin = lines.find(({ msg }) => msg === 'admin listening')!.address as string;
});

afterEach(async () => {
  proxy.child.kill('SIGKILL');
  await proxy.ended;
  await Promise.all([legacy.close(), candidate.close()]);
  await rm(folder, { recursive: true, force: true });
});

type Line = Record<string, unknown>;
const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);

const metric = async (series: string): Promise<number> => {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? Number.NaN);
};
const address = () => new URL(candidate.url).hostname;
const healthOf = () => metric(`ficus_upstream_healthy{upstream="notes",address="${address()}"}`);

const get = () => ask(`${url}/api/notes`, { headers: { cookie: 'sid=a', connection: 'close' } });

/** Sends requests until each of so many workers has answered one, and returns all reasons. */
async function askWorkers(count: number, workersOf: () => Promise<Set<unknown>>): Promise<Set<unknown>> {
  const reasons = new Set<unknown>();
  await until(async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, get));
    for (const { reason } of answers) reasons.add(reason);
    return (await workersOf()).size >= count;
  }, `${count} workers have answered`);
  return reasons;
}

/** The workers that have served for this reason, by the access log. */
const servedBy = (reason: string) => async () =>
  new Set(
    linesOf(await proxy.until(''))
      .filter((line) => line.reason === reason)
      .map(({ worker }) => worker),
  );

test('one proxy sends one check at a time; every worker knows the verdict, also one that is started later', async () => {
  await until(async () => (await healthOf()) === 1, 'healthy');
  expect(await askWorkers(2, servedBy('serve-flag-on'))).toEqual(new Set(['serve-flag-on']));

  healthy = false;
  await until(async () => (await healthOf()) === 0, 'unhealthy');
  // The verdict is on its way to the workers when the gauge shows it.
  await until(async () => (await get()).reason === 'candidate-unhealthy', 'it has arrived');
  const before = candidate.requests.filter((request) => request.url !== '/health').length;
  expect(await askWorkers(2, servedBy('candidate-unhealthy'))).toEqual(new Set(['candidate-unhealthy']));

  const [killed] = await servedBy('candidate-unhealthy')();
  process.kill(Number(killed), 'SIGKILL');
  await until(async () => (await metric('ficus_worker_restarts_total')) === 1, 'a worker is restarted');
  await until(async () => (await metric('ficus_workers')) === 2, 'both serve');
  expect(await askWorkers(3, servedBy('candidate-unhealthy'))).toEqual(new Set(['candidate-unhealthy']));
  expect(candidate.requests.filter((request) => request.url !== '/health')).toHaveLength(before);

  await until(async () => {
    const counted = await Promise.all(
      ['passed', 'failed'].map((result) =>
        metric(`ficus_health_checks_total{upstream="notes",result="${result}"}`),
      ),
    );
    const received = candidate.requests.filter((request) => request.url === '/health').length;
    return received === counted.reduce((sum, count) => sum + count, 0);
  }, 'no check was sent that the primary has not counted');
});
