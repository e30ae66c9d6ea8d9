/** Several workers explain one request: what they share, what differs between them, and one that does not answer. */
import cluster from 'node:cluster';
import { afterEach, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { bodyOf, explain, post } from './explain-rig.ts';
import {
  ask,
  type FakeControl,
  noteFlags,
  type Rig,
  type RigOptions,
  startFakeControl,
  startRig,
} from './rig.ts';

let control: FakeControl;
let rig: Rig;
const stopped: number[] = [];
afterEach(async () => {
  for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
  await rig.close();
  await control.close();
});

async function start(more: RigOptions = {}): Promise<void> {
  control = await startFakeControl(noteFlags(100, 0));
  const proxy = { workers: 2, accessLog: { sample: 0 } };
  rig = await startRig({ control, proxy, start: { inProcess: false }, ...more });
}

/** Stops so many of the workers: they hang. */
function hangWorkers(count: number): void {
  for (const worker of Object.values(cluster.workers!).slice(0, count)) {
    const { pid } = worker!.process;
    process.kill(pid!, 'SIGSTOP');
    stopped.push(pid!);
  }
}

test('a pin is in all of them, and so are flags and owners', async () => {
  await start();
  const all = { asked: 2, agree: 2, differ: [], silent: 0 };
  const headers = { cookie: 'sid=ann' };
  expect(await explain(rig, { headers })).toMatchObject({ reason: 'serve-flag-on', workers: all });
  await ask(`${rig.url}/api/notes`, { method: 'POST', headers });
  expect(await explain(rig, { headers })).toMatchObject({ serve: 'legacy', reason: 'pinned', workers: all });
  expect(await explain(rig, { as: 'bob' })).toMatchObject({ reason: 'serve-flag-on', workers: all });
});

test('a breaker is open in the worker that has seen the failures, and not in the other', async () => {
  const url = `http://127.0.0.1:${await refusingPort()}`;
  await start({ candidate: { url, breaker: { failures: 1, openMs: 60_000 } } });
  await rig.get('/api/notes', { cookie: 'sid=ann' });
  const { reason, workers } = await explain(rig, { as: 'ann' });
  expect(workers).toMatchObject({ asked: 2, agree: 1, silent: 0 });
  expect([reason, ...workers.differ.map((other) => other.reason)].sort()).toEqual([
    'breaker-open',
    'serve-flag-on',
  ]);
});

test('a worker that hangs is named, and waited for no longer than a few seconds', async () => {
  await start();
  hangWorkers(1);
  const began = performance.now();
  expect((await explain(rig, { as: 'ann' })).workers).toEqual({ asked: 2, agree: 1, differ: [], silent: 1 });
  expect(performance.now() - began).toBeLessThan(6_000);
  hangWorkers(2);
  const { status, text } = await post(rig.proxy.adminAddress!, bodyOf({ as: 'ann' }));
  expect({ status, text }).toMatchObject({
    status: 503,
    text: expect.stringContaining('FICUS_PROXY_UNREACHABLE'),
  });
});
