/** A hold that grows too long is abandoned before a write fails: whatever it waits for, clients see a pause and no error. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { CutoverStep } from '@ficus/core';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { setCutoverTrap } from '../../../../control/cutover/failpoints.ts';
import type { TestDatabase } from '../rig.ts';
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

/** A transaction that stays open, with what this statement has taken. */
async function hold(database: TestDatabase, statement: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: database.url, application_name: 'legacy-app' });
  sessions.push(session);
  await session.connect();
  await session.query(`BEGIN; ${statement}`);
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
  load.longestGapMs();
  await rig.client.cutover('orders');
  const { attempt } = await rig.client.followCutover('orders');
  return attempt;
}

/** And nothing is left behind: the same cutover works when the cause is gone. */
async function expectMovedWithoutFailure(): Promise<void> {
  for (const session of sessions.splice(0)) await session.end();
  await expect.poll(cutover, { timeout: 60_000 }).toMatchObject({ state: 'done' });
  await load.stop();
  expect(load.failed).toEqual([]);
}

test('a transaction that has written and stays open', async () => {
  const write = `INSERT INTO orders (tag, side) VALUES ('open', 'legacy')`;
  after('hold', () => hold(rig.legacy, write));
  expect(await cutover()).toMatchObject({
    state: 'abandoned',
    failure: { step: 'fence', code: 'FICUS_FENCE_DRAIN' },
  });
  expect(load.longestGapMs()).toBeLessThan(5_000);
  await expectMovedWithoutFailure();
}, 120_000);

test('a stream that cannot apply the barrier', async () => {
  after('hold', async () => {
    await hold(rig.candidate, 'LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    const writer = await hold(rig.legacy, `INSERT INTO orders (tag, side) VALUES ('last', 'legacy')`);
    await writer.query('COMMIT');
  });
  expect(await cutover()).toMatchObject({ state: 'abandoned', failure: { code: 'FICUS_CUTOVER_TOO_SLOW' } });
  expect(load.longestGapMs()).toBeLessThan(5_000);
  await expectMovedWithoutFailure();
}, 120_000);

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
  expect((await rig.client.followCutover('orders')).attempt).toMatchObject({ state: 'done' });
  await load.stop();
  expect(load.failed).toEqual([]);
}, 120_000);

test('a control database that answers the journal late: writes wait for it, beyond the bound of the hold', async () => {
  after('sequences', async () => {
    const session = await hold(rig.state, 'LOCK TABLE ficus_control.attempt IN ACCESS EXCLUSIVE MODE');
    setTimeout(() => void session.query('ROLLBACK').catch(() => undefined), 4_000);
  });
  expect(await cutover()).toMatchObject({ state: 'done' });
  expect(load.longestGapMs()).toBeGreaterThan(3_000);
  await load.stop();
  expect(load.failed).toEqual([]);
}, 120_000);
