/** The slice of an interrupted cutover is taken out of the config: that is said, and putting it back ends the attempt. */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { setCutoverTrap } from '../../../../control/cutover/failpoints.ts';
import { type CutoverRig, makeReady, startCutoverRig } from './rig.ts';

let rig: CutoverRig;

beforeEach(async () => {
  rig = await startCutoverRig(inject('holdingPort'));
  await makeReady(rig);
});
afterEach(async () => {
  setCutoverTrap(undefined);
  await rig.stop();
});

const write = () => rig.legacy.query("INSERT INTO orders (tag, side) VALUES (gen_random_uuid(), 'legacy')");

test('an attempt in its hold whose slice has left the config', async () => {
  const fenced = Promise.withResolvers<void>();
  setCutoverTrap((step) => {
    if (step !== 'fence') return undefined;
    fenced.resolve();
    return new Promise(() => undefined);
  });
  await rig.client.cutover('orders');
  await fenced.promise;
  const listen = new URL(rig.control.address).host;
  const config = { ...rig.config, control: { ...rig.config.control!, listen } };
  const { orders: _, ...slices } = config.slices;
  await rig.restart({ config: { ...config, slices } });

  const found = async () => (await rig.client.leftovers()).filter(({ slot }) => slot === null);
  await expect.poll(found).toEqual([
    {
      ...{ slot: null, slice: 'orders', retainedBytes: null, database: expect.stringContaining('/state_') },
      message: expect.stringMatching(
        /^The cutover of orders, epoch \d+, was interrupted in step hold, and cannot be ended: There is no slice “orders” in the config\.$/,
      ),
      remedy: expect.stringContaining('Put the slice back into ficus.yaml'),
    },
  ]);
  const ready = await fetch(`${rig.control.address}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('"cutover orders"')]);
  await expect(write()).rejects.toThrow('are held for a moment');

  await rig.control.reload(config);
  await expect
    .poll(async () => (await rig.client.cutoverState('orders')).attempt)
    .toMatchObject({ state: 'abandoned', failure: { code: 'FICUS_CUTOVER_INTERRUPTED' } });
  expect(await found()).toEqual([]);
  await write();
  await expect
    .poll(async () => (await fetch(`${rig.proxies[0]!.address}/orders/back`, { method: 'POST' })).status)
    .toBe(201);
}, 120_000);
