/** Cutover and rollback while clients write through two proxies with two workers each: nothing fails, nothing is lost. */
import type { CutoverView } from '@ficus/contract';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { changeOwner } from './change-owner.ts';
import { type CutoverRig, makeReady, startCutoverRig, startLoad, tagsOf } from './rig.ts';

let rig: CutoverRig;
beforeEach(async () => {
  rig = await startCutoverRig(inject('postgresPort'), { proxies: 2 });
  await makeReady(rig);
});
afterEach(() => rig.stop());

test('writes move to the candidate and back; every acknowledged one is on both sides, and none has failed', async () => {
  const { client, proxies, legacy, candidate } = rig;
  const load = startLoad(proxies);
  await expect.poll(() => load.acknowledged.size).toBeGreaterThan(50);

  const cutover = await changeOwner(client, 'cutover', { reason: 'the service is ready' });
  expect(cutover.attempt).toMatchObject({ state: 'done', failure: null, refusals: [] });
  expect(late(cutover)).toEqual([]);
  expect(cutover).toMatchObject({ owner: 'candidate', epoch: 1 + cutover.tries, inconsistency: null });
  const before = load.acknowledged.size;
  await expect.poll(() => load.acknowledged.size).toBeGreaterThan(before + 100);

  const rollback = await changeOwner(client, 'rollback');
  expect(rollback.attempt).toMatchObject({ state: 'done', failure: null });
  expect(late(rollback)).toEqual([]);
  expect(rollback).toMatchObject({ owner: 'legacy', epoch: 1 + cutover.tries + rollback.tries });
  const after = load.acknowledged.size;
  await expect.poll(() => load.acknowledged.size).toBeGreaterThan(after + 50);
  await load.stop();

  expect(load.failed).toEqual([]);
  const sides = [...load.acknowledged.values()];
  expect(new Set(sides)).toEqual(new Set(['legacy', 'candidate']));
  for (const database of [legacy, candidate])
    await expect
      .poll(async () => {
        const tags = await tagsOf(database);
        return [...load.acknowledged.keys()].filter((tag) => !tags.has(tag));
      })
      .toEqual([]);
  expect((await tagsOf(legacy)).size).toBe((await tagsOf(candidate)).size);
}, 240_000);

/** What the check after the release has found. */
const late = ({ attempt }: CutoverView) =>
  attempt?.notes.filter((note) => /After the release|without the new epoch/.test(note));
