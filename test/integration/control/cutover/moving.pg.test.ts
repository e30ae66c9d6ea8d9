/** While an attempt is under way, or waits to be undone, nothing takes the ground from under it. */
import { type ControlClient, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type CutoverEngine, cdcCutover } from '../../../../control/cutover/cutover-engine.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from '../rig.ts';

let database: TestDatabase;
let control: Control;
let client: ControlClient;
let isAway: boolean;
const streams: HandPlayedReplication[] = [];

/** Its fences cannot be reached while the database is away. */
const engine: CutoverEngine = {
  ...cdcCutover,
  openFence: (options) => {
    const fence = cdcCutover.openFence(options);
    return {
      ...fence,
      state: () => (isAway ? Promise.reject(new Error('the database is away')) : fence.state()),
    };
  },
};

const start = () =>
  startControl({
    config: testConfig(database.url),
    logger: silent,
    cutover: engine,
    replications: (options) => {
      const stream = new HandPlayedReplication(options);
      streams.push(stream);
      return stream;
    },
  });

beforeEach(async () => {
  isAway = true;
  database = await createTestDatabase(inject('postgresPort'));
  control = await start();
  await control.stop();
  // An earlier process has ended in the hold.
  await database.query(
    `INSERT INTO ficus_control.attempt (slice, operation, new_owner, from_epoch, epoch, rehearsal, no_way_back, step, actor, reason)
     VALUES ('notes', 'cutover', 'candidate', 1, 2, false, false, 'hold', 'ann', '')`,
  );
  control = await start();
  client = createControlClient(control.address);
});
afterEach(async () => {
  await control.stop();
  await database.drop();
});

test('the candidate’s tables are not emptied for a new copy', async () => {
  await expect(client.copy('notes', { restart: true })).rejects.toMatchObject({ code: 'FICUS_CUTOVER_BUSY' });
  expect(streams.some(({ dropped }) => dropped)).toBe(false);
  isAway = false;
  await expect
    .poll(() => client.copy('notes', { restart: true }).catch(String))
    .toMatchObject({
      emptied: [{ table: 'public.notes' }],
    });
});

test('a config without the slice is applied once the attempt has ended', async () => {
  const { slices, ...rest } = testConfig(database.url);
  const without = { ...rest, slices: { pages: slices.pages! } };
  await expect(control.reload(without)).rejects.toThrow('slices.notes: a cutover or rollback is under way');
  expect((await client.slice('notes')).name).toBe('notes');
  isAway = false;
  await expect.poll(() => control.reload(without).catch(String)).toBeUndefined();
  await expect(client.slice('notes')).rejects.toMatchObject({ code: 'FICUS_SLICE_UNKNOWN' });
});
