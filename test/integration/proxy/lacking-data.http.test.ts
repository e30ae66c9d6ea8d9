/** While the candidate's data is known to lack something, the owner serves its reads, too. */
import type { Lack, SliceState } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explain } from './explain-rig.ts';
import { type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let control: FakeControl;
let rig: Rig;
const ann = { cookie: 'sid=ann' };
const read = () => rig.get('/api/notes', ann);

function lacking(lacks: Lack | null | undefined): Record<string, SliceState> {
  return { notes: { owner: 'legacy', epoch: 1, writes: 'open', lacks } };
}

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 100));
  rig = await startRig({ control });
});
afterEach(async () => {
  await rig.close();
  await control.close();
});

test('reads return to the owner while rows or changes are missing, and go by the flag again afterwards', async () => {
  expect(await read()).toMatchObject({ side: 'candidate', reason: 'serve-flag-on' });
  control.setState(lacking('rows'));
  await until(async () => (await read()).reason === 'copy-incomplete');
  const copies = rig.candidate.requests.length;
  expect(await read()).toMatchObject({ status: 200, side: 'legacy' });
  control.setState(lacking('changes'));
  await until(async () => (await read()).reason === 'stream-stopped');
  expect(await read()).toMatchObject({ status: 200, side: 'legacy' });
  expect(rig.candidate.requests.length, 'a comparison would prove nothing').toBe(copies);
  control.setState(lacking(undefined));
  await until(async () => (await read()).side === 'candidate');
});

test('a control plane that does not know yet, or is away, changes nothing', async () => {
  control.setState(lacking('changes'));
  await until(async () => (await read()).reason === 'stream-stopped');
  control.setState({ ...lacking(null), other: { owner: 'legacy', epoch: 7, writes: 'open' } });
  control.cut();
  await until(() => control.open >= 2);
  expect(await read()).toMatchObject({ side: 'legacy', reason: 'stream-stopped' });
  control.setState(lacking(undefined));
  await until(async () => (await read()).side === 'candidate');
  control.setState(lacking(null));
  control.cut();
  await until(() => control.open >= 2);
  expect(await read()).toMatchObject({ side: 'candidate' });
});

test('explain says why, and what to do', async () => {
  control.setState(lacking('changes'));
  await until(async () => (await read()).reason === 'stream-stopped');
  expect(await explain(rig, { as: 'ann' })).toMatchObject({
    serve: 'legacy',
    reason: 'stream-stopped',
    action: expect.stringContaining('ficus status notes'),
  });
});
