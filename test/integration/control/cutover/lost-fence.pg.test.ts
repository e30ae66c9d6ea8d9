/** A fence that is lost after the change of owner: a standby that lagged was promoted, a backup restored, a partition added. */
import { expect, inject, test } from 'vitest';
import { changeOwner } from './change-owner.ts';
import { makeReady, startCutoverRig } from './rig.ts';

test('status names it, and shuts again what was open; --resume installs what is gone', {
  timeout: 120_000,
}, async () => {
  const rig = await startCutoverRig(inject('postgresPort'));
  try {
    await makeReady(rig);
    const { attempt } = await changeOwner(rig.client, 'cutover', { reason: 'test' });
    expect(attempt).toMatchObject({ state: 'done', failure: null });
    const look = () => rig.client.cutoverState('orders').then(({ inconsistency }) => inconsistency);
    const write = () =>
      rig.legacy.query(`INSERT INTO orders (tag, side) VALUES (gen_random_uuid(), 'stray')`).then(
        () => 'written',
        (error: { code: string }) => error.code,
      );
    const [{ name }] = (await rig.legacy.query(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relname LIKE 'state\\_%' AND relnamespace = 'ficus_fence'::regnamespace`,
    )) as [{ name: string }];
    // As a promoted standby has it that had not received the cutover.
    await rig.legacy.query(`SELECT setval('${name}', 8)`);
    await expect.poll(write, { timeout: 40_000, interval: 500 }).toBe('FI001');
    await rig.legacy.query('DROP SCHEMA ficus_fence CASCADE');
    await expect.poll(look, { timeout: 40_000, interval: 500 }).toContain('no fence any more');
    await rig.client.resumeCutover('orders');
    expect(await write()).toBe('FI001');
    expect(await look()).toBe(null);
  } finally {
    await rig.stop();
  }
});
