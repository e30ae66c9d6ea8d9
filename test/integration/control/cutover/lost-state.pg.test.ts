/** The control database is lost after a cutover, and another one takes its place: what is known then is what the fences say. */
import { expect, inject, test } from 'vitest';
import { createTestDatabase } from '../rig.ts';
import { changeOwner } from './change-owner.ts';
import { makeReady, startCutoverRig } from './rig.ts';

test('status shows the owner by the fences, and the way back is open again with the database of then', {
  timeout: 120_000,
}, async () => {
  const port = inject('postgresPort');
  const rig = await startCutoverRig(port);
  const empty = await createTestDatabase(port, 'empty');
  try {
    await makeReady(rig);
    const moved = await changeOwner(rig.client, 'cutover', { reason: 'test' });
    expect(moved.attempt).toMatchObject({ state: 'done' });
    const wayBack = async () => (await rig.client.slice('orders')).rollback;
    await expect.poll(async () => (await wayBack()).answer).toBe('pass');

    const atSamePort = new URL(rig.control.address).host;
    await rig.restart({
      config: { ...rig.config, control: { ...rig.config.control!, listen: atSamePort, database: empty.url } },
    });
    await expect
      .poll(() => rig.client.cutoverState('orders'))
      .toMatchObject({
        owner: 'legacy',
        attempt: null,
        inconsistency: expect.stringContaining(
          `the candidate owns the writes, since epoch ${1 + moved.tries}`,
        ),
        repair: expect.stringContaining('control.database'),
      });
    expect(await wayBack()).toEqual({
      answer: 'insufficient evidence',
      text: expect.stringContaining('The fences say that the candidate owns the writes'),
    });
    // Nothing was turned: a write at the legacy would be lost.
    const write = (side: 'legacy' | 'candidate') =>
      rig[side].query(`INSERT INTO orders (tag, side) VALUES (gen_random_uuid(), 'stray')`).then(
        () => 'written',
        (error: { code: string }) => error.code,
      );
    expect([await write('legacy'), await write('candidate')]).toEqual(['FI001', 'written']);

    await rig.restart();
    expect(await rig.client.cutoverState('orders')).toMatchObject({
      owner: 'candidate',
      inconsistency: null,
    });
    await expect.poll(async () => (await wayBack()).answer).toBe('pass');
  } finally {
    await rig.stop();
    await empty.drop();
  }
});
