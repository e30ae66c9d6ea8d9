/** Clients take all file descriptors of a worker: it lives on with the connections that it has. Linux. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, type RunningCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { childrenOf, fieldOf } from '../../e2e/up-rig.ts';
import { type Backend, startBackend } from './rig.ts';

const FILES = 128;
/** Becomes a shell that lowers its limit and becomes `node ARGS…`: signals reach it as ever. */
const WITH_FEW_FILES = `
process.execve('/bin/sh', ['sh', '-c', 'ulimit -n ${FILES}; exec "$0" "$@"', process.execPath, ...process.argv.slice(1)]);`;

let folder: string;
let legacy: Backend;
let proxy: RunningCommand;
let clients: Socket[];

beforeEach(async () => {
  clients = [];
  folder = await mkdtemp(join(tmpdir(), 'ficus-files-'));
  legacy = await startBackend('legacy');
  const config = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 1, limits: { connections: 10 * FILES } },
    flags: { provider: 'file', file: join(folder, 'flags.json') },
    legacy: { url: legacy.url },
  };
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features: [] }));
  await writeFile(join(folder, 'ficus.yaml'), JSON.stringify(config));
  const command = [FICUS, 'proxy', '--config', join(folder, 'ficus.yaml')];
  proxy = startCommand(['-e', WITH_FEW_FILES, ...command]);
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await stopAll();
  await legacy.close();
  await rm(folder, { recursive: true, force: true });
});

test('a worker without a free file descriptor keeps its connections', async () => {
  const url = await fieldOf(proxy, 'listening', 'address');
  const admin = await fieldOf(proxy, 'admin listening', 'address');
  await proxy.until('a worker may open fewer files than two for each of proxy.limits.connections');
  const [worker] = await childrenOf(proxy.child.pid!);
  const { port, hostname } = new URL(url);
  for (let opened = 0; opened < 2; opened += 1) {
    const client = connect(Number(port), hostname).on('error', () => undefined);
    clients.push(client);
    await once(client, 'connect');
  }
  const [first, second] = clients as [Socket, Socket];
  while (clients.length < 2 * FILES)
    clients.push(connect(Number(port), hostname).on('error', () => undefined));
  await expect.poll(async () => (await readdir(`/proc/${worker}/fd`)).length).toBeGreaterThanOrEqual(FILES);
  const metrics = async () => (await fetch(`${admin}/metrics`)).text();
  const gauge = async (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await metrics())?.[1]);
  const connections = () => gauge('ficus_client_connections');
  // Twice: at least the second report was made while none was free.
  for (let report = 0; report < 2; report += 1) {
    const before = await gauge('ficus_workers_cpu_seconds_total');
    await expect.poll(() => gauge('ficus_workers_cpu_seconds_total')).not.toBe(before);
  }
  expect(await connections()).toBeGreaterThan(FILES / 2);
  // The worker's own shortage is not the upstream's: no breaker counts it, no address is to blame.
  second.write('GET /full HTTP/1.1\r\nhost: a\r\n\r\n');
  const [shortage] = (await once(second, 'data')) as [Buffer];
  expect(shortage.toString()).toMatch(/^HTTP\/1\.1 503 [\s\S]*FICUS_PROXY_OVERLOADED[\s\S]*EMFILE/);
  for (const client of clients.slice(1)) client.destroy();
  await expect.poll(connections).toBe(1);
  first.write('GET /x HTTP/1.1\r\nhost: a\r\n\r\n');
  const [answer] = (await once(first, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
  expect(await childrenOf(proxy.child.pid!)).toEqual([worker]);
});
