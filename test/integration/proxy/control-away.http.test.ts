/** An unreachable control plane when the proxy starts: the proxy listens at once, and the legacy serves. */
import { afterEach, expect, test } from 'vitest';
import { refusingPort } from '../../parts/refusing-port.ts';
import { type FakeControl, quickest, type Rig, startFakeControl, startRig } from './rig.ts';

let rig: Rig | undefined;
let control: FakeControl | undefined;
afterEach(async () => {
  await rig?.close();
  await control?.close();
  rig = control = undefined;
});

test('an unreachable control plane delays nothing, and the log reports what is unknown', async () => {
  const away = await startFakeControl();
  control = away;
  const controlUrl = `http://127.0.0.1:${await refusingPort()}`;
  // The proxy waits longer than this for flags and owners of a slow control plane.
  const startMs = await quickest(4_000, async () => {
    await rig?.close();
    rig = await startRig({ control: away, start: { controlUrl } });
  });
  expect(startMs).toBeLessThan(4_000);
  if (!rig) throw new Error('no proxy was started');
  expect(await rig.get('/api/notes')).toMatchObject({ status: 200, side: 'legacy' });
  expect(rig.logs.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('not known yet'));
});

test('flags from a file apply from the first request on, even while the control plane is unreachable', async () => {
  const controlUrl = `http://127.0.0.1:${await refusingPort()}`;
  rig = await startRig({ serve: 100, start: { controlUrl } });
  expect(await rig.get('/api/notes', { cookie: 'sid=anna' })).toMatchObject({ side: 'candidate' });
});
