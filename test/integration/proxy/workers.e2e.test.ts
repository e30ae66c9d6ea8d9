/** `ficus proxy` with several workers under load: flips, reloads, a killed worker, SIGTERM. No request is lost. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningCommand, startCommand } from '../../e2e/run-command.ts';
import { type Load, startLoad } from './load.ts';
import { ask, type Backend, noteFlags, startBackend, until } from './rig.ts';

let folder: string;
let legacy: Backend;
let candidate: Backend;
let proxy: RunningCommand;
let url: string;
let admin: string;

const setFlags = (serve: number, shadow = 0) =>
  writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features: noteFlags(serve, shadow) }));

const yaml = (more = '') => `
version: 1
proxy: { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 2, expose: true, identify: { user: { cookie: sid } }, accessLog: { sample: 0 } }
flags: { provider: file, file: ${join(folder, 'flags.json')} }
legacy: { url: '${legacy.url}' }
slices:
  notes:
    candidate: { url: '${candidate.url}' }
    routes:
      - { id: list, path: /api/notes }
${more}`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-workers-'));
  [legacy, candidate] = [await startBackend('legacy'), await startBackend('candidate')];
  await setFlags(0);
  await writeFile(join(folder, 'ficus.yaml'), yaml());
  proxy = startCommand(['cli/bin/ficus.js', 'proxy', '--config', join(folder, 'ficus.yaml')]);
  const said = await proxy.until('"admin listening"');
  const lines = said
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(lines[0]).toMatchObject({ msg: 'listening' });
  url = lines[0]!.address!;
  admin = lines.find(({ msg }) => msg === 'admin listening')!.address!;
});

afterEach(async () => {
  proxy.child.kill('SIGKILL');
  await proxy.ended;
  await Promise.all([legacy.close(), candidate.close()]);
  await rm(folder, { recursive: true, force: true });
});

const gauge = async (name: string): Promise<number> => {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN);
};
const sideOf = async (path: string) => (await ask(`${url}${path}`, { headers: { cookie: 'sid=a' } })).side;

test('flips, reloads and invalid files under load lose no request; SIGTERM drains and exits 0', async () => {
  const load = startLoad(url, '/api/notes');
  await until(() => load.figures.answered > 200, 'load runs');

  await setFlags(100);
  await until(() => (load.figures.sides.get('candidate') ?? 0) > 100, 'flipped');

  // Half a file: refused, the last flags stay in place.
  await writeFile(join(folder, 'flags.json'), '{"version":2,"features":[{"name":"notes.se');
  await proxy.until(/flags file .* refused/);
  expect(await sideOf('/api/notes')).toBe('candidate');
  await setFlags(0);
  await until(async () => (await sideOf('/api/notes')) === 'legacy', 'flipped back');

  // An invalid config: every error is reported, the old one stays in place.
  await writeFile(join(folder, 'ficus.yaml'), yaml('      - { id: list, path: nowhere, kind: maybe }\n'));
  // A file may be read while it is being written, and refused for that before its own errors are reported.
  await proxy.until('slices.notes.routes[1].path');
  await proxy.until('slices.notes.routes[1].kind');
  await proxy.until('config refused: the old one stays in place');
  expect(await gauge('ficus_config_generation')).toBe(1);

  // A change that needs a restart is reported.
  await writeFile(
    join(folder, 'ficus.yaml'),
    yaml().replace("listen: '127.0.0.1:0'", "listen: '127.0.0.1:9'"),
  );
  await proxy.until('cannot change while the proxy runs');

  // A valid one, and SIGHUP.
  await setFlags(100);
  await writeFile(join(folder, 'ficus.yaml'), yaml('      - { id: more, path: /api/more }\n'));
  proxy.child.kill('SIGHUP');
  await until(async () => (await gauge('ficus_config_generation')) === 2, 'both workers run the new config');
  await until(async () => (await sideOf('/api/more')) === 'candidate', 'the new route serves');

  proxy.child.kill('SIGTERM');
  const { status, stdout } = await proxy.ended;
  expect(status).toBe(0);
  expect(stdout).toMatch(/"from":0,"to":100,"source":"file","msg":"flag changed"/);
  expect(stdout).toMatch(/"msg":"draining.*"cut":0,.*"msg":"drained"/s);
  const figures = await load.stop();
  expect(figures.failures).toEqual([]);
  expect(figures.refused).toBeGreaterThan(0);
});

test('a killed worker is restarted while the others serve; flags and config reach the new one', async () => {
  const clients = 12;
  const load = startLoad(url, '/api/notes', clients);
  await until(() => load.figures.answered > 200, 'load runs');
  await setFlags(100);
  await until(async () => (await sideOf('/api/notes')) === 'candidate', 'flipped');
  const workers = await workerPids();
  expect(workers).toHaveLength(2);
  process.kill(workers[0]!, 'SIGKILL');
  await proxy.until('worker exited: starting another');
  await answers(load, 200, 'the other continues to serve');
  const afterFirst = load.figures.failures.length;
  await until(async () => (await gauge('ficus_workers')) === 2, 'replaced');
  expect(await gauge('ficus_worker_restarts_total')).toBe(1);
  await answers(load, 200, 'both serve');
  expect(load.figures.failures).toHaveLength(afterFirst);
  process.kill(workers[1]!, 'SIGKILL');
  await until(async () => (await workerPids()).every((pid) => !workers.includes(pid)), 'both are new');
  await until(async () => (await sideOf('/api/notes').catch(() => '')) === 'candidate', 'flags reached them');
  await answers(load, 200, 'the new ones serve');
  const afterSecond = load.figures.failures.length;
  await answers(load, 200, 'and continue to serve');
  const { failures } = await load.stop();
  expect(failures).toHaveLength(afterSecond);

  // Workers end with their primary, even when it is killed.
  const orphans = await workerPids();
  proxy.child.kill('SIGKILL');
  await proxy.ended;
  await until(() => !orphans.some(isAlive), 'workers are gone');
  // Lost with a killed worker: each client's request in progress there, and what it then sent into the accept queue
  // that the kernel had not closed yet.
  expect(afterFirst).toBeLessThanOrEqual(2 * clients);
  expect(afterSecond - afterFirst).toBeLessThanOrEqual(2 * clients);
  expect(new Set(failures)).toEqual(new Set(failures.length > 0 ? ['ECONNRESET'] : []));
});

test('a proxy that stops while a worker is being restarted stops at once', async () => {
  const [first] = await workerPids();
  process.kill(first!, 'SIGKILL');
  await proxy.until('worker exited: starting another');
  await until(async () => (await workerPids()).length === 2, 'the other one is being started');
  const began = performance.now();
  proxy.child.kill('SIGTERM');
  expect((await proxy.ended).status).toBe(0);
  // A worker that missed the stop would be killed after the longest drain, 33 seconds.
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('SIGHUP after SIGTERM, as some send it, cuts no request', async () => {
  let answer = (): void => {};
  legacy.handler = (_, response) => {
    answer = () => response.end('whole');
  };
  const asked = ask(`${url}/api/notes`).catch((error: unknown) => ({ text: String(error) }));
  await until(() => legacy.requests.length === 1, 'the request is at the legacy');
  proxy.child.kill('SIGTERM');
  await until(async () => (await fetch(`${admin}/readyz`)).status === 503, 'draining');
  proxy.child.kill('SIGHUP');
  await until(async () => (await fetch(`${admin}/healthz`)).ok, 'still serves');
  answer();
  expect((await asked).text).toBe('whole');
  expect((await proxy.ended).status).toBe(0);
});

const answers = (load: Load, more: number, meaning: string): Promise<unknown> => {
  const before = load.figures.answered;
  return until(() => load.figures.answered > before + more, meaning);
};

async function workerPids(): Promise<number[]> {
  const primary = proxy.child.pid!;
  const children = await readFile(`/proc/${primary}/task/${primary}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
