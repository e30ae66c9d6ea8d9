/** The last known owners: a proxy that starts while the control plane is away continues with those of its last run. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SliceState } from '@ficus/core';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from '../../../proxy/index.ts';
import { ask, type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let folder: string;
let control: FakeControl;
let rig: Rig;
let proxy: RunningProxy | undefined;
let logs: Record<string, unknown>[];

beforeEach(async () => {
  logs = [];
  folder = await mkdtemp(join(tmpdir(), 'ficus-owners-'));
  control = await startFakeControl(noteFlags(0, 0));
  // For its backends and its config.
  rig = await startRig({ control });
});
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
  await rig.close();
  await control.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<RunningProxy> {
  const config = rig.config();
  const logger = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  proxy = await startProxy({
    config: { ...config, flags: { ...config.flags, backup: folder } },
    controlUrl: control.url,
    inProcess: true,
    logger,
  });
  return proxy;
}

const write = () => ask(`${proxy!.address}/api/notes`, { method: 'POST', headers: { cookie: 'sid=ada' } });

/** One run under this state, then the control plane is away. */
async function runOnce(state: SliceState): Promise<void> {
  control.setState({ notes: state });
  await start();
  await until(
    () => control.reports.some(({ epochs }) => epochs.notes === state.epoch),
    'the state is applied',
  );
  await proxy!.stop();
  await control.close();
}

test('a restarted proxy sends writes to the owner that it knew, and says so', async () => {
  await runOnce({ owner: 'candidate', epoch: 2, writes: 'open' });
  await start();
  expect(await write()).toMatchObject({ status: 200, side: 'candidate', reason: 'owner-writes' });
  expect(rig.legacy.requests).toEqual([]);
  expect(logs.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('last known owners'));
  expect((await fetch(`${proxy!.adminAddress}/readyz`)).status).toBe(200);
});

test('one that was in the middle of a cutover refuses its writes, serves its reads, and no other slice notices', async () => {
  const attempt = { owner: 'legacy', epoch: 1, attempt: 2, leaseMs: 60_000, waitMs: 50 } as const;
  await runOnce({ ...attempt, writes: 'leased' });
  await start();
  expect((await write()).status).toBe(503);
  expect((await ask(`${proxy!.address}/api/notes`)).status).toBe(200);
  expect((await ask(`${proxy!.address}/other`, { method: 'POST' })).status).toBe(200);
});

test('the control plane’s word replaces them', async () => {
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await start();
  await proxy!.stop();
  control.setState({ notes: { owner: 'legacy', epoch: 3, writes: 'open' } });
  await start();
  expect(await write()).toMatchObject({ status: 200, side: 'legacy', reason: 'owner-writes' });
});

test.each(['{', '{"slices":{"notes":{"owner":"candidate"}}}'])(
  'a file that says %s is not believed, and the log says why',
  async (text) => {
    await runOnce({ owner: 'candidate', epoch: 2, writes: 'open' });
    const [file] = (await readdir(folder)).filter((name) => name.startsWith('owners-'));
    await writeFile(join(folder, file!), text);
    await start();
    expect(await write()).toMatchObject({ status: 200, side: 'legacy' });
    expect(logs.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('are not used'));
  },
);
