/** Read-your-writes over several workers: the next read may land on any of them and is pinned on all. */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let control: FakeControl;
let rig: Rig;

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 0));
  rig = await startRig({
    control,
    proxy: { workers: 2, accessLog: { sample: 0 } },
    start: { inProcess: false },
  });
});
afterEach(async () => {
  await rig.close();
  await control.close();
});

/** Each on a separate connection, so that the workers take turns. */
function send(method: string, user: string): Promise<{ side: string; reason: string }> {
  return new Promise((resolve, reject) => {
    const options = { method, agent: new Agent(), headers: { cookie: `sid=${user}` } };
    const sent = request(`${rig.url}/api/notes`, options, (response) => {
      response.resume();
      const { 'x-ficus-side': side, 'x-ficus-reason': reason } = response.headers;
      response.on('end', () => resolve({ side: String(side), reason: String(reason) }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('no read after a user’s own write is served by the candidate; released on all workers', async () => {
  const users = Array.from({ length: 150 }, (_, at) => `user-${at}`);
  for (const user of users) {
    expect(await send('POST', user)).toEqual({ side: 'legacy', reason: 'owner-writes' });
    const reads = await Promise.all([send('GET', user), send('GET', user), send('GET', user)]);
    expect(reads.map(({ reason }) => reason)).toEqual(['pinned', 'pinned', 'pinned']);
  }
  control.position = '0/99';
  await until(() => control.asked > 0, 'asked');
  await until(async () => {
    control.progress('notes', '0/99');
    const reads = await Promise.all([send('GET', users[0]!), send('GET', users[0]!)]);
    return reads.every(({ side }) => side === 'candidate');
  }, 'released on both');
});

test('no write waits for a worker that is being started, which still gets its pin', async () => {
  const forked = once(cluster, 'fork') as Promise<[Worker]>;
  Object.values(cluster.workers!)[0]!.process.kill('SIGKILL');
  const [started] = await forked;
  // As slow to start as on an overloaded machine.
  started.process.kill('SIGSTOP');
  const users = Array.from({ length: 10 }, (_, at) => `user-${at}`);
  const writes = async (): Promise<number> =>
    Number(/ficus_requests_total\{.*route="add".*\} (\d+)/.exec(await rig.metrics())?.[1] ?? 0);
  for (const user of users) {
    // Messages to the killed worker are lost with it.
    await until(() => send('POST', user).then(Boolean, () => false));
  }
  await until(async () => (await writes()) >= users.length, 'counted');
  expect(await rig.metrics()).not.toContain('ficus_pin_waits_expired_total');

  started.process.kill('SIGCONT');
  await until(async () => /^ficus_workers 2$/m.test(await rig.metrics()), 'replaced');
  for (const user of users) {
    const reads = await Promise.all(Array.from({ length: 6 }, () => send('GET', user)));
    expect(new Set(reads.map(({ reason }) => reason))).toEqual(new Set(['pinned']));
  }
});
