/** A hold that grows too long is abandoned before a write fails: whatever it waits for, clients see a pause and no error. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { CutoverView } from '@ficus/contract';
import type { CutoverStep } from '@ficus/core';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { setCutoverTrap } from '../../../../control/cutover/failpoints.ts';
import type { TestDatabase } from '../rig.ts';
import { changeOwner, MOST_TRIES, wasTooSlow } from './change-owner.ts';
import { type CutoverRig, type Load, makeReady, startCutoverRig, startLoad } from './rig.ts';

let rig: CutoverRig;
let load: Load;
const sessions: pg.Client[] = [];
beforeEach(async () => {
  rig = await startCutoverRig(inject('holdingPort'), { proxies: 2 });
  await makeReady(rig);
  load = startLoad(rig.proxies);
  await expect.poll(() => load.acknowledged.size).toBeGreaterThan(50);
});
afterEach(async () => {
  setCutoverTrap(undefined);
  for (const session of sessions.splice(0)) await session.end();
  await load.stop();
  await rig.stop();
});

/** For a transaction in the hold, which is over before a busy machine has opened a session. */
async function open(database: TestDatabase): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: database.url, application_name: 'legacy-app' });
  sessions.push(session);
  await session.connect();
  return session;
}

/** Once, when the step's work is done. */
function after(step: CutoverStep, action: () => Promise<unknown>): void {
  setCutoverTrap((reached) => {
    if (reached !== step) return undefined;
    setCutoverTrap(undefined);
    return action().then(() => undefined);
  });
}

async function cutover() {
  await rig.client.cutover('orders');
  return rig.client.followCutover('orders');
}

/** Its cause in the hold, and a pause that clients bear; again where the machine was too slow before the cause was there. */
async function expectAbandoned(failure: object, cause: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    let isMade = false;
    after('hold', async () => {
      await cause();
      isMade = true;
    });
    load.longestGapMs();
    const view = await cutover();
    try {
      expect(view.attempt).toMatchObject({ state: 'abandoned', failure });
      expect(isMade).toBe(true);
      expect(load.longestGapMs()).toBeLessThan(5_000);
      return;
    } catch (error) {
      if (tries === MOST_TRIES || !wasTooSlow(view)) throw error;
    }
    for (const session of sessions) await session.query('ROLLBACK');
  }
}

/** And nothing is left behind: the same cutover works when the cause is gone. */
async function expectMovedWithoutFailure(): Promise<void> {
  for (const session of sessions.splice(0)) await session.end();
  await expect.poll(cutover, { timeout: 60_000 }).toMatchObject({ attempt: { state: 'done' } });
  await load.stop();
  expect(load.failed).toEqual([]);
}

test('a transaction that has written and stays open', async () => {
  const writer = await open(rig.legacy);
  await expectAbandoned({ step: 'fence', code: 'FICUS_FENCE_DRAIN' }, () =>
    writer.query(`BEGIN; INSERT INTO orders (tag, side) VALUES ('open', 'legacy')`),
  );
  await expectMovedWithoutFailure();
}, 300_000);

test('a stream that cannot apply the barrier', async () => {
  const [locker, writer] = [await open(rig.candidate), await open(rig.legacy)];
  await expectAbandoned({ code: 'FICUS_CUTOVER_TOO_SLOW' }, async () => {
    await locker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    await writer.query(`INSERT INTO orders (tag, side) VALUES (gen_random_uuid(), 'legacy')`);
  });
  await expectMovedWithoutFailure();
}, 300_000);

test('an upload that does not end soon: all others pass while it is waited for', async () => {
  const upload = request(`${rig.proxies[0]!.address}/orders/upload`, {
    method: 'POST',
    headers: { 'content-length': 2 },
  });
  const answered = once(upload, 'response');
  // After a failure above it, nothing awaits it.
  answered.catch(() => undefined);
  upload.write('a');
  // It counts from two seconds on; each look is a whole dry run.
  await expect
    .poll(
      async () => {
        await rig.client.cutover('orders', { dryRun: true });
        return (await rig.client.followCutover('orders')).attempt?.endless;
      },
      { timeout: 40_000 },
    )
    .toMatchObject([{ route: 'write', requests: 1 }]);
  await rig.client.cutover('orders');
  await expect
    .poll(async () => (await rig.client.cutoverState('orders')).attempt)
    .toMatchObject({ state: 'running', step: 'lease', endless: [{ route: 'write' }] });
  const before = load.acknowledged.size;
  await expect.poll(() => load.acknowledged.size).toBeGreaterThan(before + 50);
  upload.end('b');
  const [response] = await answered;
  response.resume();
  expect(response.statusCode).toBe(201);
  const ended = await rig.client.followCutover('orders');
  const { attempt } = wasTooSlow(ended) ? await changeOwner(rig.client, 'cutover') : ended;
  expect(attempt).toMatchObject({ state: 'done' });
  await load.stop();
  expect(load.failed).toEqual([]);
}, 120_000);

test('a control database that answers the journal late: writes wait for it, beyond the bound of the hold', async () => {
  const locker = await open(rig.state);
  let view: CutoverView;
  let tries = 0;
  do {
    after('sequences', async () => {
      await locker.query('BEGIN; LOCK TABLE ficus_control.attempt IN ACCESS EXCLUSIVE MODE');
      setTimeout(() => void locker.query('ROLLBACK').catch(() => undefined), 4_000);
    });
    load.longestGapMs();
    view = await cutover();
  } while (wasTooSlow(view) && ++tries < MOST_TRIES);
  expect(view.attempt).toMatchObject({ state: 'done' });
  expect(load.longestGapMs()).toBeGreaterThan(3_000);
  await load.stop();
  expect(load.failed).toEqual([]);
}, 120_000);
