/**
 * A control plane that stalls for longer than the proxy waits: what it takes late, after the proxy has sent it again,
 * counts once. Linux: connections are read from /proc.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask } from '../integration/proxy/rig.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { stopAll } from './run-command.ts';
import { childNamed, fieldOf, makeUpRig, type UpRig } from './up-rig.ts';

const COPIES = 10;
/** A report is sent again, and no answer comes for five seconds each time. */
const STALL = { timeout: 60_000 };

let directory: string;
let cluster: EmbeddedCluster;
let rig: UpRig;
let stalled: number | undefined;

beforeAll(async () => {
  directory = await makeTestDirectory('stalled');
  cluster = await startCluster({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  await cluster.createDatabase('control');
});
beforeEach(async () => {
  rig = await makeUpRig(directory, cluster.url('control'));
});
afterEach(async () => {
  if (stalled !== undefined) process.kill(stalled, 'SIGCONT');
  stalled = undefined;
  await stopAll();
  await rig.close();
});
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Connections of a stalled server that their clients gave up. */
async function givenUp(address: string): Promise<number> {
  const port = Number(new URL(address).port).toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'utf8');
  return table.split('\n').filter((line) => new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 08 `).test(line))
    .length;
}

async function counts(controlAddress: string) {
  const client = createControlClient(controlAddress);
  const { parity } = await client.slice('notes');
  const { skipped, ...others } = parity.counts;
  const metrics = await (await fetch(`${controlAddress}/metrics`)).text();
  const reported = [...metrics.matchAll(/^ficus_reported_requests_total\{slice="notes".*\} (\S+)$/gm)];
  return {
    requests: reported.reduce((total, [, count]) => total + Number(count), 0),
    compared: Object.values(others).reduce((total, count) => total + count),
    skipped,
  };
}

test('requests and copies of the time count once each', async () => {
  const up = rig.start();
  const address = await fieldOf(up, 'ready', 'address');
  const controlAddress = await fieldOf(up, 'ready', 'controlAddress');
  await createControlClient(controlAddress).setShadow('notes', { percent: 100, reason: 'test' });
  const request = () => ask(`${address}/api/notes`, { headers: { cookie: 'sid=a' } });
  let requests = 0;
  const send = async () => {
    requests += 1;
    await request();
  };
  const copies = () => rig.candidate.requests.length;
  await expect.poll(() => send().then(copies), STALL).toBeGreaterThan(0);
  const counted = () => counts(controlAddress);
  await expect.poll(async () => (await counted()).requests, STALL).toBe(requests);
  await expect.poll(async () => (await counted()).compared === copies(), STALL).toBe(true);

  // Of these and of a later one.
  const compared = copies() + COPIES + 1;
  stalled = (await childNamed(up.child.pid!, 'control'))!;
  process.kill(stalled, 'SIGSTOP');
  for (let copy = 0; copy < COPIES; copy += 1) await send();
  // The report twice, the copies once.
  await expect.poll(() => givenUp(controlAddress), STALL).toBeGreaterThanOrEqual(3);
  process.kill(stalled, 'SIGCONT');
  stalled = undefined;

  // A later request is counted after all that waited.
  const waiting = requests;
  await send();
  await expect.poll(async () => (await counted()).requests, STALL).toBeGreaterThan(waiting);
  await expect.poll(async () => (await counted()).compared, STALL).toBeGreaterThanOrEqual(compared);
  expect(await counted()).toEqual({ requests, compared, skipped: 0 });
});
