/** A worker that stops while the control plane does not answer: what it could not deliver is counted, in time. */
import { afterEach, expect, test } from 'vitest';
import { type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let rig: Rig | undefined;
let control: FakeControl | undefined;
afterEach(async () => {
  await rig?.close();
  await control?.close();
});

test('observations that find no answer while a worker stops are in its last counts', async () => {
  control = await startFakeControl(noteFlags(0, 100));
  control.stalls = true;
  rig = await startRig({
    control,
    proxy: { timeouts: { drainMs: 10_000 } },
    start: { inProcess: false },
  });
  expect(await rig.get('/api/notes', { cookie: 'sid=ann' })).toMatchObject({ side: 'legacy' });
  const { metrics } = rig;
  await until(async () => (await metrics()).includes('ficus_shadow_copies_total'), 'copied');
  await rig.proxy.stop();
  const dropped = control.reports.flatMap(({ droppedCopies }) => droppedCopies);
  expect(dropped).toEqual([{ slice: 'notes', reason: 'arrival-unknown', copies: 1 }]);
});
