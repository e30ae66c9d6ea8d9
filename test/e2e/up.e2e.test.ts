/**
 * `ficus up`: the proxy serves whatever happens to the control plane and its database, and none of the three processes
 * outlives the others for long.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startLoad } from '../integration/proxy/load.ts';
import { ask } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { hang, type RunningCommand, stopAll } from './run-command.ts';
import { childNamed, childrenOf, fieldOf, isAlive, makeUpRig, type UpRig } from './up-rig.ts';

/** A restarted process loads its sources again: on a busy machine that takes a while. */
const RESTART = { timeout: 45_000 };

let directory: string;
let cluster: EmbeddedCluster;
let rig: UpRig;

beforeAll(async () => {
  directory = await makeTestDirectory('up');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
});
beforeEach(async () => {
  rig = await makeUpRig(directory, cluster.url('control'));
});
afterEach(async () => {
  await stopAll();
  await rig.close();
});
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Ready {
  readonly up: RunningCommand;
  readonly pid: number;
  readonly address: string;
  readonly controlAddress: string;
}

async function startReady(): Promise<Ready> {
  const up = rig.start();
  const address = await fieldOf(up, 'ready', 'address');
  const controlAddress = await fieldOf(up, 'ready', 'controlAddress');
  return { up, pid: up.child.pid!, address, controlAddress };
}

const serveAll = (controlAddress: string, percent = 100) =>
  createControlClient(controlAddress).setServe('notes', { percent, reason: 'test' });
const orRefused = <T>(asked: Promise<T>) => asked.catch(() => 'refused');
const sideOf = async (address: string) =>
  (await ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } })).side;

test('without its control database it serves every request, and connects when the database comes up', async () => {
  await cluster.stop();
  const up = rig.start();
  const address = await fieldOf(up, 'listening', 'address');
  const load = startLoad(address, '/api/notes', 4);
  await up.until('control plane cannot start yet');
  await expect.poll(() => load.figures.answered).toBeGreaterThan(50);
  await cluster.restart();
  const controlAddress = await fieldOf(up, 'ready', 'controlAddress');
  await serveAll(controlAddress);
  await expect.poll(() => sideOf(address)).toBe('candidate');
  const { failures, refused } = await load.stop();
  expect([failures, refused]).toEqual([[], 0]);
  await serveAll(controlAddress, 0);
});

test('SIGKILL of the control plane under load: no request fails, and it comes back at its address', async () => {
  const { up, pid, address, controlAddress } = await startReady();
  await serveAll(controlAddress);
  await expect.poll(() => sideOf(address)).toBe('candidate');
  const load = startLoad(address, '/api/notes', 4);
  const killed = (await childNamed(pid, 'control'))!;
  process.kill(killed, 'SIGKILL');
  await up.until(/"signal":"SIGKILL".*exited unexpectedly/);
  // The last state stays: the candidate serves all users meanwhile.
  expect(await sideOf(address)).toBe('candidate');
  await expect.poll(() => orRefused(serveAll(controlAddress, 0)), RESTART).toMatchObject({ percent: 0 });
  await expect.poll(() => sideOf(address)).toBe('legacy');
  const { failures, refused } = await load.stop();
  expect([failures, refused]).toEqual([[], 0]);
});

test('the control plane’s database killed under load: no request fails, and flips work when it is back', async () => {
  const { up, address, controlAddress } = await startReady();
  const load = startLoad(address, '/api/notes', 4);
  await cluster.kill();
  await up.until('control database lost');
  const before = load.figures.answered;
  await expect.poll(() => load.figures.answered).toBeGreaterThan(before + 50);
  await cluster.restart();
  await expect.poll(() => orRefused(serveAll(controlAddress)), RESTART).toMatchObject({ percent: 100 });
  await expect.poll(() => sideOf(address)).toBe('candidate');
  const { failures, refused } = await load.stop();
  expect([failures, refused]).toEqual([[], 0]);
  await serveAll(controlAddress, 0);
});

test('a proxy that is killed is restarted at its address', async () => {
  const { pid, address } = await startReady();
  const killed = (await childNamed(pid, 'proxy'))!;
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => childNamed(pid, 'proxy')).not.toBe(killed);
  await expect.poll(() => orRefused(ask(`${address}/x`)), RESTART).toMatchObject({ status: 200 });
});

test.runIf(process.platform === 'linux')('a worker that hangs ends with its proxy', async () => {
  const { up, pid, address } = await startReady();
  const stopWorker = async () => {
    const proxy = (await childNamed(pid, 'proxy'))!;
    const [worker] = await childrenOf(proxy);
    hang(worker!);
    return { proxy, worker: worker! };
  };
  const first = await stopWorker();
  process.kill(first.proxy, 'SIGKILL');
  await expect.poll(() => isAlive(first.worker)).toBe(false);
  await expect.poll(() => orRefused(ask(`${address}/x`)), RESTART).toMatchObject({ status: 200 });
  const second = await stopWorker();
  up.child.kill('SIGTERM');
  // Another signal cannot be an echo of the first; sent until the first has arrived.
  await expect
    .poll(() => {
      up.child.kill('SIGINT');
      return up.child.exitCode;
    })
    .toBe(3);
  for (const left of [second.proxy, second.worker]) await expect.poll(() => isAlive(left)).toBe(false);
});

test('a changed config reaches both processes, an invalid one neither', async () => {
  const { up, pid, address, controlAddress } = await startReady();
  await serveAll(controlAddress);
  await rig.write('/api/other');
  const other = () => ask(`${address}/api/other`, { headers: { cookie: 'sid=a' } });
  await expect.poll(async () => (await other()).side).toBe('candidate');
  await up.until('"slices":["notes"]');
  await rig.write('no-path');
  await up.until('config refused, the running config stays');
  const client = createControlClient(controlAddress);
  const problems = [{ path: 'slices.notes.routes[0].path', message: expect.any(String) }];
  const refused = { count: 1, since: expect.any(String), problems };
  await expect.poll(() => client.runningConfig()).toMatchObject({ refused });
  await expect.poll(async () => (await client.proxies())[0]?.configRefused).toMatchObject(refused);
  // A process that is restarted meanwhile starts with the last valid config.
  process.kill((await childNamed(pid, 'proxy'))!, 'SIGKILL');
  await expect.poll(() => orRefused(other()), RESTART).toMatchObject({ side: 'candidate' });
  await rig.write('/api/third');
  up.child.kill('SIGHUP');
  const third = () => ask(`${address}/api/third`, { headers: { cookie: 'sid=a' } });
  await expect.poll(async () => (await third()).side).toBe('candidate');
  await expect.poll(() => client.runningConfig()).toMatchObject({ refused: null, needsRestart: [] });
  await serveAll(controlAddress, 0);
});

test('SIGTERM lets requests in progress finish, and exits 0', async () => {
  const { up, address } = await startReady();
  let finish: (() => void) | undefined;
  rig.legacy.handler = (request, response) => {
    if (request.url !== '/slow') response.end();
    else finish = () => response.end('finished');
  };
  const answer = ask(`${address}/slow`);
  await expect.poll(() => finish).toBeDefined();
  up.child.kill('SIGTERM');
  await expect.poll(() => orRefused(fetch(`${address}/new`))).toBe('refused');
  finish?.();
  expect((await answer).text).toBe('finished');
  const { status, stderr } = await up.ended;
  expect([status, stderr]).toEqual([0, '']);
});

test.runIf(process.platform === 'linux')('SIGKILL of `ficus up` leaves no process behind', async () => {
  const { up, pid } = await startReady();
  const children = await childrenOf(pid);
  const workers = (await Promise.all(children.map(childrenOf))).flat();
  expect([children.length, workers.length]).toEqual([2, 1]);
  up.child.kill('SIGKILL');
  await up.ended;
  const alive = async () => {
    const states = await Promise.all([...children, ...workers].map(isAlive));
    return states.filter(Boolean).length;
  };
  await expect.poll(alive).toBe(0);
});

test('a changed token of the control plane counts at once, and the proxy keeps its link; the rest waits for a restart', async () => {
  const text = await readFile(rig.configFile, 'utf8');
  const withToken = (token: string, more = '') =>
    writeFile(rig.configFile, text.replace(/database: "[^"]+"/, `$&, token: ${token}${more}`));
  await withToken('the-first-token');
  const { pid, address, controlAddress } = await startReady();
  const client = (token: string) => createControlClient(controlAddress, token);
  const holds = async (token: string) => {
    const { needsRestart } = await client(token).runningConfig();
    return { needsRestart, proxies: (await client(token).proxies()).length };
  };
  await expect.poll(() => orRefused(holds('the-first-token'))).toEqual({ needsRestart: [], proxies: 1 });
  await withToken('the-second-token', ', url: http://127.0.0.1:9');
  await expect
    .poll(() => orRefused(holds('the-second-token')), RESTART)
    .toEqual({ needsRestart: ['control'], proxies: 1 });
  await expect(holds('the-first-token')).rejects.toMatchObject({ code: 'FICUS_CONTROL_FORBIDDEN' });
  await client('the-second-token').setServe('notes', { percent: 100 });
  await expect.poll(() => sideOf(address)).toBe('candidate');
  // Nor does one that is restarted forget it.
  process.kill((await childNamed(pid, 'control'))!, 'SIGKILL');
  await expect
    .poll(() => orRefused(holds('the-second-token')), RESTART)
    .toEqual({ needsRestart: ['control'], proxies: 1 });
  await client('the-second-token').setServe('notes', { percent: 0 });
});
