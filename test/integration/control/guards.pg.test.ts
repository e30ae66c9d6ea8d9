/** What `serve` checks before it raises a share: the guards that the slice's config names. */
import { type ControlClient, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;
let client: ControlClient;
let stream: HandPlayedReplication;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  const config = testConfig(database.url);
  const guarded = (guards: object) => ({ ...config.slices.notes!, guards });
  control = await startControl({
    config: {
      ...config,
      slices: {
        notes: guarded({ lag: { maxMs: 1000 } }),
        compared: { ...config.slices.pages!, guards: { parity: { min: 0.9, samples: 40 } } },
      },
    },
    logger: silent,
    replications: (options) => {
      stream = new HandPlayedReplication(options);
      return stream;
    },
  });
  client = createControlClient(control.address);
});

afterAll(async () => {
  await control?.stop();
  await database?.drop();
});

test('a stream that is too far behind blocks a raise, but not the way back', async () => {
  await expect.poll(async () => (await client.replication('notes')).healthy).toBe(true);
  expect((await client.setServe('notes', { percent: 50 })).overridden).toEqual([]);
  stream.play({ lagMs: 2000 });
  await expect(client.setServe('notes', { percent: 51 })).rejects.toMatchObject({
    code: 'FICUS_GUARD_REFUSED',
    message:
      'notes is held back by its guards. lag: fail. The change stream is 2000 ms behind; 1000 ms are allowed.',
    details: {
      guards: [
        { guard: 'data', answer: 'pass' },
        { guard: 'lag', answer: 'fail', numbers: { lagMs: 2000, maxMs: 1000 } },
      ],
    },
  });
  expect((await client.setServe('notes', { percent: 20 })).percent).toBe(20);
  stream.play({ lagMs: 900 });
  expect((await client.setServe('notes', { percent: 51 })).percent).toBe(51);
});

test('a raise concurrent with a lowering is judged by the lowered share', async () => {
  stream.play({ lagMs: 3 });
  await client.setServe('notes', { percent: 50 });
  stream.play({ lagMs: 2000 });
  const [lowered, raised] = await Promise.allSettled([
    client.setServe('notes', { percent: 0 }),
    client.setServe('notes', { percent: 40 }),
  ]);
  expect([lowered.status, raised.status]).toEqual(['fulfilled', 'rejected']);
  expect((await client.slice('notes')).flags.serve.percent).toBe(0);
});

test('nothing compared is no evidence; force overrides it, and the audit says so', async () => {
  await expect(client.setServe('compared', { percent: 1 })).rejects.toMatchObject({
    code: 'FICUS_GUARD_REFUSED',
    details: { guards: [{ guard: 'data' }, { guard: 'parity', answer: 'insufficient evidence' }] },
  });
  expect((await client.slice('compared')).flags.serve.percent).toBe(0);
  const forced = await client.setServe('compared', { percent: 1, force: true, reason: 'tried by hand' });
  expect(forced.overridden).toMatchObject([{ guard: 'parity', answer: 'insufficient evidence' }]);
  expect((await client.audit({ slice: 'compared', limit: 1 }))[0]?.reason).toBe(
    'tried by hand (forced past parity: insufficient evidence. 0 of 0 comparisons differ; 40 comparisons are needed to show that 90 % agree.)',
  );
});
