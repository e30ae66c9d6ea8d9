/** Ctrl-C while a command starts: the terminal sends it to every process, also to those that cannot handle it yet. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { FICUS, type RunningCommand, startCommand, stopAll } from './run-command.ts';
import { childNamed, childrenOf } from './up-rig.ts';

let directory: string;
let cluster: EmbeddedCluster;

beforeAll(async () => {
  directory = await makeTestDirectory('interrupted');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
  const flagsFile = join(directory, 'flags.json');
  await writeFile(flagsFile, '{"version":2,"features":[]}');
  const common = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', workers: 2 },
    legacy: { url: 'http://127.0.0.1:1' },
  };
  const up = { ...common, control: { listen: '127.0.0.1:0', database: cluster.url('control') } };
  const proxy = { ...common, flags: { provider: 'file', file: flagsFile } };
  await writeFile(configOf('up'), JSON.stringify(up));
  await writeFile(configOf('proxy'), JSON.stringify(proxy));
});
afterEach(stopAll);
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

const configOf = (command: 'up' | 'proxy') => join(directory, `${command}.yaml`);

/** Until then, the start continues. */
type Moment = (running: RunningCommand) => Promise<boolean>;

const pidOf = ({ child }: RunningCommand) => child.pid!;
const hasChildren =
  (count: number): Moment =>
  async (running) =>
    (await childrenOf(pidOf(running))).length >= count;
const hasProcess =
  (name: 'proxy' | 'control'): Moment =>
  async (running) =>
    (await childNamed(pidOf(running), name)) !== undefined;
const hasWorkers =
  (count: number): Moment =>
  async (running) => {
    const proxy = await childNamed(pidOf(running), 'proxy');
    return proxy !== undefined && (await childrenOf(proxy)).length >= count;
  };
const says =
  (text: string): Moment =>
  (running) =>
    running.until(text).then(() => true);

describe.runIf(process.platform === 'linux')('Ctrl-C in the middle of a start', () => {
  test.each<[string, 'up' | 'proxy', Moment]>([
    ['ficus up: one process is forked', 'up', hasChildren(1)],
    ['ficus up: both processes are forked', 'up', hasChildren(2)],
    ['ficus up: the control plane is loaded', 'up', hasProcess('control')],
    ['ficus up: the first worker is forked', 'up', hasWorkers(1)],
    ['ficus up: all workers are forked', 'up', hasWorkers(2)],
    ['ficus up: the proxy listens', 'up', says('"msg":"listening"')],
    ['ficus proxy: a worker is forked', 'proxy', hasChildren(1)],
    ['ficus proxy: all workers are forked', 'proxy', hasChildren(2)],
  ])('%s', async (_, command, moment) => {
    const running = startCommand([FICUS, command, '--config', configOf(command)], {}, true);
    await expect.poll(() => moment(running), { interval: 1, timeout: 60_000 }).toBe(true);
    process.kill(-pidOf(running), 'SIGINT');
    const { status, stdout, stderr } = await running.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // Nothing of it is a fault, and nothing failed.
    expect(stdout).not.toMatch(/"level":[56]0|exited|restarting/);
  });
});
