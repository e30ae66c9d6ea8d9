/** Leases and holds over several workers, which are killed and stopped meanwhile: what is acknowledged is true for all of them. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import type { SliceHold, SliceState } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

const OPEN: SliceState = { owner: 'legacy', epoch: 1, writes: 'open' };
const NEW_OWNER: SliceState = { owner: 'candidate', epoch: 2, writes: 'open' };
const ATTEMPT = { owner: 'legacy', epoch: 1, attempt: 2, leaseMs: 60_000, waitMs: 20_000 } as const;
const LEASED: SliceState = { ...ATTEMPT, writes: 'leased' };
const HELD: SliceState = { ...ATTEMPT, writes: 'held' };
/** How long a write of a killed worker may still be executed. */
const LONGEST_MS = 5_000;

let control: FakeControl;
let rig: Rig;

beforeEach(async () => {
  control = await startFakeControl(noteFlags(0, 0));
  control.setState({ notes: OPEN });
  await start(200);
});

async function start(drainMs: number, firstByteMs = LONGEST_MS): Promise<void> {
  const timeouts = { firstByteMs, idleMs: 100 };
  rig = await startRig({
    control,
    proxy: { workers: 2, accessLog: { sample: 0 }, timeouts: { drainMs, workerMs: 60_000 } },
    legacy: { timeouts },
    candidate: { timeouts },
    start: { inProcess: false },
  });
}
afterEach(async () => {
  for (const pid of stopped.splice(0)) signal(pid, 'SIGCONT');
  await rig.close();
  await control.close();
});

const stopped: number[] = [];
const pids = (): number[] => Object.values(cluster.workers!).map((worker) => worker!.process.pid!);
function signal(pid: number, name: NodeJS.Signals): void {
  if (name === 'SIGSTOP') stopped.push(pid);
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

type Ended = { readonly status: number; readonly side: string | null } | 'cut';

/** On a connection of its own, so that the workers take turns. */
const write = (user: string): Promise<Ended> =>
  fetch(`${rig.url}/api/notes`, {
    method: 'POST',
    headers: { cookie: `sid=${user}`, connection: 'close' },
    body: user,
  }).then(
    ({ status, headers }) => ({ status, side: headers.get('x-ficus-side') }),
    () => 'cut',
  );
const writes = (count: number, name: string): Promise<Ended>[] =>
  Array.from({ length: count }, (_, at) => write(`${name}-${at}`));

const last = (): SliceHold | undefined => control.holds.at(-1)?.slices.notes;
const acknowledges = (what: Partial<SliceHold>): Promise<void> =>
  until(
    () => Object.entries(what).every(([key, value]) => last()?.[key as keyof SliceHold] === value),
    `acknowledges ${JSON.stringify(what)}, not ${JSON.stringify(last())}`,
  );
const bothServe = (): Promise<void> =>
  until(async () => /^ficus_workers 2$/m.test(await rig.metrics()), 'two workers listen');

test('a hold counts the writes of both workers, and releases them to the new owner', async () => {
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 0 });
  const held = writes(20, 'user');
  await acknowledges({ held: 20 });
  expect(rig.legacy.requests).toEqual([]);
  control.setState({ notes: NEW_OWNER });
  for (const ended of await Promise.all(held)) expect(ended).toEqual({ status: 200, side: 'candidate' });
});

test('nothing is acknowledged while a worker is stopped that could still send', async () => {
  control.setState({ notes: { ...LEASED, leaseMs: 200 } });
  await acknowledges({ writes: 'leased' });
  const [pid] = pids();
  signal(pid!, 'SIGSTOP');
  control.setState({ notes: { ...HELD, leaseMs: 200 } });
  const before = control.holds.length;
  await until(() => control.holds.length > before + 5, 'acknowledges');
  expect(new Set(control.holds.map(({ slices }) => slices.notes?.writes))).toEqual(new Set(['leased']));
  signal(pid!, 'SIGCONT');
  await acknowledges({ writes: 'held', inFlight: 0 });
});

test('a worker that was stopped under a lease, and wakes up after the cutover, sends nothing to the old owner', async () => {
  control.setState({ notes: { ...LEASED, leaseMs: 500 } });
  await acknowledges({ writes: 'leased' });
  await until(async () => {
    const ended = await write('first');
    return ended !== 'cut' && ended.status === 200;
  }, 'there is a lease');
  const sent = rig.legacy.requests.length;
  const [pid] = pids();
  signal(pid!, 'SIGSTOP');
  const sentAt = performance.now();
  // Some arrive at the stopped worker, whose pins the others wait for.
  const late = writes(20, 'late');
  await until(() => performance.now() - sentAt > 600, 'its lease has run out');
  const sentBefore = rig.legacy.requests.length;
  control.setState({ notes: NEW_OWNER });
  await until(() => rig.candidate.requests.length > 0, 'the other worker has the new owner');
  signal(pid!, 'SIGCONT');
  const ended = await Promise.all(late);
  expect(ended).toEqual(ended.map(() => ({ status: 200, side: 'candidate' })));
  expect([sentBefore, rig.legacy.requests.length]).toEqual([sent, sent]);
});

test('writes of a worker that is killed under a lease are in flight for as long as they may be executed', async () => {
  control.setState({ notes: LEASED });
  await acknowledges({ writes: 'leased' });
  rig.legacy.handler = () => {};
  const sent = writes(10, 'user');
  await until(() => rig.legacy.requests.length === 10, 'all are at the legacy');
  const killedAt = performance.now();
  for (const pid of pids()) signal(pid, 'SIGKILL');
  expect(await Promise.all(sent)).toEqual(sent.map(() => 'cut'));
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 10, orphaned: 10 });
  await bothServe();
  await acknowledges({ writes: 'held', inFlight: 0, orphaned: 0 });
  expect(performance.now() - killedAt).toBeGreaterThanOrEqual(LONGEST_MS);
});

test('a worker killed while it holds writes takes them with it; its successor comes up holding, and drained stays drained', async () => {
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 0 });
  const held = writes(20, 'user');
  await acknowledges({ held: 20 });
  const seen = control.holds.length;
  const forked = once(cluster, 'fork');
  signal(pids()[0]!, 'SIGKILL');
  await forked;
  await bothServe();
  const more = writes(10, 'more');
  await until(() => (last()?.held ?? 0) > 10, 'the others are held');
  expect(control.holds.slice(seen).map(({ slices }) => slices.notes?.inFlight ?? 0)).not.toContain(1);
  control.setState({ notes: NEW_OWNER });
  const ended = [...(await Promise.all(held)), ...(await Promise.all(more))];
  expect(ended.filter((end) => end === 'cut').length).toBeGreaterThan(0);
  for (const end of ended) if (end !== 'cut') expect(end).toEqual({ status: 200, side: 'candidate' });
  expect(rig.legacy.requests).toEqual([]);
  expect(rig.candidate.requests).toHaveLength(ended.filter((end) => end !== 'cut').length);
});

test('an abandoned attempt releases the writes of all workers to the old owner, each once', async () => {
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held' });
  // Several of each user: in each worker one waits for the other.
  const held = ['ann', 'bob', 'eve'].flatMap((user) => [1, 2, 3, 4].map(() => write(user)));
  await acknowledges({ held: 12 });
  control.setState({ notes: OPEN });
  for (const ended of await Promise.all(held)) expect(ended).toEqual({ status: 200, side: 'legacy' });
  expect(rig.legacy.requests).toHaveLength(12);
});

test('a worker that drains counts until it has ended', async () => {
  await rig.close();
  await start(60_000, 60_000);
  let answer = (): void => {};
  rig.legacy.handler = (_, response) => {
    answer = () => response.end();
  };
  const slow = write('slow');
  await until(() => rig.legacy.requests.length === 1, 'it is at the legacy');
  for (const pid of pids()) signal(pid, 'SIGTERM');
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 1, orphaned: 0 });
  answer();
  expect(await slow).toEqual({ status: 200, side: 'legacy' });
  await acknowledges({ writes: 'held', inFlight: 0 });
});
