/**
 * A worker crashes while its write is at the legacy: the write may still be executed, and its user must then read it.
 */
import cluster from 'node:cluster';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

const LONGEST_MS = 3_000;
const SHORT = { firstByteMs: 100, idleMs: 100 };

let control: FakeControl;
let rig: Rig;

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 0));
});
afterEach(async () => {
  await rig.close();
  await control.close();
});

test.each([
  ['would have timed out', { firstByteMs: LONGEST_MS, idleMs: 100 }],
  ['could not continue an answer', { firstByteMs: 2_000, idleMs: LONGEST_MS }],
])('the position is requested when the write %s, and not before', async (_, timeouts) => {
  rig = await startRig({
    control,
    proxy: { workers: 1, accessLog: { sample: 0 } },
    legacy: { timeouts },
    candidate: { timeouts: SHORT },
    start: { inProcess: false },
  });
  rig.legacy.handler = () => {};
  const write = ask(`${rig.url}/api/notes`, { method: 'POST', headers: { cookie: 'sid=ann' } }).catch(
    () => 'cut',
  );
  await until(() => rig.legacy.requests.length === 1, 'the write is at the legacy');
  const killedAt = performance.now();
  Object.values(cluster.workers!)[0]!.process.kill('SIGKILL');
  expect(await write).toBe('cut');
  await until(() => control.asked > 0, 'asked');
  expect(performance.now() - killedAt).toBeGreaterThanOrEqual(LONGEST_MS);
});
