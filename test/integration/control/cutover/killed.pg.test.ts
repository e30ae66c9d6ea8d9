/**
 * The control plane's process is killed at each step of cutovers and rollbacks, under writes: the next one leaves everything
 * as it was, or completes it, and no acknowledged write is missing anywhere.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createControlClient } from '@ficus/contract';
import { CUTOVER_STEPS, type CutoverStep, mayAbandon } from '@ficus/core';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type RunningCommand, startCommand, stopAll } from '../../../e2e/run-command.ts';
import { makeTestDirectory } from '../../../parts/test-directory.ts';
import { MOST_TRIES, wasTooSlow } from './change-owner.ts';
import { type CutoverRig, makeReady, startCutoverRig, startLoad, tagsOf } from './rig.ts';

let rig: CutoverRig;
let file: string;
/** In the hold, behind the barrier, at the point of no return, and behind it; `FICUS_KILL_STEPS=all` for every step. */
const STEPS: readonly CutoverStep[] =
  process.env.FICUS_KILL_STEPS === 'all' ? CUTOVER_STEPS : ['fence', 'sequences', 'journal', 'lift'];
const COMMAND = ['--import', './test/faults/die-at-failpoint.ts', 'cli/bin/ficus.js', 'control', '--config'];

beforeEach(async () => {
  rig = await startCutoverRig(inject('postgresPort'), { proxies: 2 });
  await makeReady(rig);
  file = join(await makeTestDirectory('killed'), 'ficus.json');
  const listen = new URL(rig.control.address).host;
  await writeFile(file, JSON.stringify({ ...rig.config, control: { ...rig.config.control, listen } }));
  await rig.control.stop();
});
afterEach(async () => {
  await stopAll();
  await rig.stop();
});

const start = async (step?: CutoverStep): Promise<RunningCommand> => {
  const command = startCommand([...COMMAND, file], step ? { FICUS_FAILPOINT: step } : {});
  await command.until(/listening/);
  return command;
};

test('whichever step the control plane is killed at, the next one abandons or completes, and nothing is lost', async () => {
  const client = createControlClient(rig.control.address, undefined, 'ann');
  const load = startLoad(rig.proxies, 4);
  for (const step of STEPS) {
    const first = await start(step);
    const { owner: from } = await client.cutoverState('orders');
    await expect
      .poll(async () => (await client.slice('orders')).replication)
      .toMatchObject({ state: 'streaming' });
    if (from === 'candidate')
      await expect.poll(async () => (await client.slice('orders')).rollback.answer).toBe('pass');
    expect((await client.verify('orders')).verdict).toBe('match');
    // One that the machine is too slow for is abandoned before it reaches the step.
    for (let tries = 1; ; tries += 1) {
      await (from === 'legacy' ? client.cutover('orders') : client.rollback('orders'));
      const killed = first.ended.then(() => undefined);
      const view = await Promise.race([killed, client.followCutover('orders').catch(() => killed)]);
      if (view === undefined) break;
      expect([step, view.attempt?.failure, wasTooSlow(view)]).toEqual([step, expect.anything(), true]);
      expect(tries, step).toBeLessThan(MOST_TRIES);
    }
    const { status } = await first.ended;
    expect(status, step).toBeNull();

    const second = await start();
    await expect
      .poll(async () => (await client.cutoverState('orders')).attempt)
      .toMatchObject({ finishedAt: expect.any(String) });
    const { attempt, owner, inconsistency } = await client.cutoverState('orders');
    const isAsBefore = mayAbandon(step);
    expect([step, attempt?.state, attempt?.failure?.code ?? null]).toEqual(
      isAsBefore ? [step, 'abandoned', 'FICUS_CUTOVER_INTERRUPTED'] : [step, 'done', null],
    );
    expect(owner === from, step).toBe(isAsBefore);
    expect(inconsistency).toBeNull();
    const known = load.acknowledged.size;
    await expect.poll(() => load.acknowledged.size).toBeGreaterThan(known + 20);
    second.child.kill('SIGTERM');
    await second.ended;
  }
  await load.stop();
  await start();
  for (const database of [rig.legacy, rig.candidate])
    await expect
      .poll(async () => {
        const tags = await tagsOf(database);
        return [...load.acknowledged.keys()].filter((tag) => !tags.has(tag));
      })
      .toEqual([]);
  expect((await tagsOf(rig.legacy)).size).toBe((await tagsOf(rig.candidate)).size);
  // A write that waited longer than it may is refused without being sent: none has failed in any other way.
  expect(load.failed.filter((failure) => !failure.endsWith(': 503'))).toEqual([]);
  const tags = await tagsOf(rig.legacy);
  expect(load.failed.filter((failure) => tags.has(failure.split(':')[0]!))).toEqual([]);
}, 600_000);
