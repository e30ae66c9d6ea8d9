/** A worker whose event loop has stopped: new connections that the kernel gives it must not wait forever. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hang, type RunningCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { isAlive } from '../../e2e/up-rig.ts';
import { type Backend, noteFlags, startBackend, until } from './rig.ts';

let folder: string;
let legacy: Backend;
let proxy: RunningCommand;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-hanging-'));
  legacy = await startBackend('legacy');
  const flags = join(folder, 'flags.json');
  await writeFile(flags, JSON.stringify({ version: 2, features: noteFlags(0, 0) }));
  await writeConfig({ workerMs: 2_000 });
  proxy = startCommand(['cli/bin/ficus.js', 'proxy', '--config', join(folder, 'ficus.yaml')]);
  const said = await proxy.until('"msg":"listening"');
  url = (JSON.parse(said.split('\n')[0]!) as { address: string }).address;
});

afterEach(async () => {
  proxy.child.kill('SIGKILL');
  await stopAll();
  await legacy.close();
  await rm(folder, { recursive: true, force: true });
});

async function writeConfig(timeouts: object): Promise<void> {
  const config = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', workers: 2, timeouts },
    flags: { provider: 'file', file: join(folder, 'flags.json') },
    legacy: { url: legacy.url },
  };
  await writeFile(join(folder, 'ficus.yaml'), JSON.stringify(config));
}

async function workerPids(): Promise<number[]> {
  const primary = proxy.child.pid!;
  const children = await readFile(`/proc/${primary}/task/${primary}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

test('is ended and restarted, and clients that waited there see their connection close', async () => {
  const [stopped] = await workerPids();
  hang(stopped!);
  // On separate connections, so that some go to the worker that hangs.
  const asked = Array.from({ length: 20 }, () =>
    fetch(`${url}/x`, { headers: { connection: 'close' } }).then(
      (answer) => answer.status,
      () => 'cut',
    ),
  );
  await proxy.until('worker hangs: ending it');
  const outcomes = await Promise.all(asked);
  expect(outcomes).toContain(200);
  await until(async () => {
    const workers = await workerPids();
    return workers.length === 2 && !workers.includes(stopped!);
  }, 'replaced');
  const served = () =>
    fetch(`${url}/x`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(served, 'served again');
});

test('does not outlive the proxy that a second signal ends', async () => {
  const workers = await workerPids();
  expect(workers).toHaveLength(2);
  hang(workers[0]!);
  proxy.child.kill('SIGTERM');
  // Another signal cannot be an echo of the first; sent until the first has arrived.
  await until(async () => {
    proxy.child.kill('SIGINT');
    return proxy.child.exitCode !== null;
  }, 'ended');
  expect((await proxy.ended).status).toBe(3);
  await until(async () => !(await Promise.all(workers.map(isAlive))).some(Boolean), 'workers are gone');
});

test('is killed at the end of a drain, and nobody knows how many requests that cut: the log does not say none', async () => {
  await writeConfig({ workerMs: 60_000, drainMs: 5_000 });
  await proxy.until('"msg":"config applied"');
  const [stopped] = await workerPids();
  hang(stopped!);
  proxy.child.kill('SIGTERM');
  const { status, stdout } = await proxy.ended;
  expect(status).toBe(0);
  const drained = stdout.split('\n').find((line) => line.includes('"msg":"drained'));
  expect(JSON.parse(drained ?? '{}')).toMatchObject({ level: 40, cut: null, leastCut: 0, silentWorkers: 1 });
});
