import { CUTOVER_STEPS, FicusError, mayAbandon } from '@ficus/core';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { setCutoverTrap } from './failpoints.ts';
import { FakeWorld, type Fault } from './fake-world.fixture.ts';
import type { AttemptWish, Comparison } from './ports.ts';

const wish: AttemptWish = {
  slice: 'orders',
  operation: 'cutover',
  rehearsal: false,
  noWayBack: false,
  actor: 'ann',
  reason: '',
};
const back: AttemptWish = { ...wish, operation: 'rollback' };

afterEach(() => setCutoverTrap(undefined));

test('a cutover carries out every step in its order, and the new owner takes the writes', async () => {
  const world = new FakeWorld();
  const reached: string[] = [];
  setCutoverTrap((step) => {
    reached.push(step);
    return undefined;
  });
  await world.start(wish);
  expect(reached).toEqual(CUTOVER_STEPS);
  expect(world.row).toMatchObject({ outcome: 'done', step: 'check', failure: null });
  expectMoved(world);
});

test('a rollback is the same with the sides exchanged', async () => {
  const world = new FakeWorld();
  await world.start(wish);
  await world.start(back);
  expect(world.slice).toEqual({ owner: 'legacy', epoch: 3 });
  expect(world.fences).toEqual({
    legacy: { epoch: 3, mode: 'armed' },
    candidate: { epoch: 3, mode: 'moved' },
  });
  expect(world.violations).toEqual([]);
});

test('a rehearsal ends before the hold, and turns no fence', async () => {
  const world = new FakeWorld();
  await world.start({ ...wish, rehearsal: true });
  expect(world.row).toMatchObject({ outcome: 'rehearsed', failure: null });
  expect(world.calls).not.toContain('hold');
  expect(world.calls.filter((call) => call.startsWith('turn'))).toEqual([]);
  expectAsBefore(world);
});

// Half a minute of uploads that end would leave all that changed meanwhile to the hold.
test('what has changed is compared right before the hold, after the wait for uploads', async () => {
  const calls = await callsOfCutover();
  const [begin, end] = [calls.indexOf('drain-endless'), calls.indexOf('enter')];
  const looks = ['moving', 'state legacy', 'state candidate'];
  expect(calls.slice(begin, end)).toEqual(['drain-endless', ...looks, 'narrow']);
});

test.each(['moving', 'state legacy', 'state candidate'])(
  'a %s that fails since arm ends the attempt before anything is held',
  async (call) => {
    const world = new FakeWorld();
    setCutoverTrap((step) => {
      if (step === 'arm') world.refusals.set(call, new FicusError('FICUS_CUTOVER_LAG', 'It is behind.'));
      return undefined;
    });
    await world.start(wish);
    expect(world.row).toMatchObject({ outcome: 'abandoned', failure: { step: 'lease' } });
    expect(world.calls).not.toContain('hold');
    world.refusals.clear();
    expectAsBefore(world);
  },
);

const DIFFER: Comparison = { verdict: 'mismatch', rows: 1, reason: 'Rows differ.' };
const UNKNOWN: Comparison = { verdict: 'inconclusive', rows: 1, reason: 'A row is locked.' };

/** The call in which each step does its work. */
const CALLS = {
  arm: 'arm',
  lease: 'lease',
  hold: 'hold',
  fence: 'turn legacy hold',
  barrier: 'barrier',
  verify: 'verify',
  sequences: 'sequences',
  journal: 'commit',
  lift: 'turn candidate armed',
  check: 'turn legacy moved',
} as const;

for (const [step, call] of Object.entries(CALLS).filter(([step]) => mayAbandon(step as 'arm')))
  test(`a failure in ${step} leaves everything as it was, and the journal says why`, async () => {
    const world = new FakeWorld();
    world.refusals.set(call, new FicusError('FICUS_CUTOVER_TOO_SLOW', 'It took too long.'));
    await world.start(wish);
    const failure = { step, code: 'FICUS_CUTOVER_TOO_SLOW', message: 'It took too long.' };
    expect(world.row).toMatchObject({ outcome: 'abandoned', failure, journaledAt: null });
    expectAsBefore(world);
  });

test('a fence that observed writers observes them again when the attempt is abandoned', async () => {
  const world = new FakeWorld();
  world.fences.legacy = { epoch: 1, mode: 'observe' };
  world.refusals.set('verify', new FicusError('FICUS_CUTOVER_MISMATCH', 'Rows differ.'));
  await world.start(wish);
  expect(world.row).toMatchObject({ outcome: 'abandoned' });
  expect(world.fences.legacy).toEqual({ epoch: 2, mode: 'observe' });
});

test.each<[string, string, (world: FakeWorld) => void]>([
  ['rows that differ', 'FICUS_CUTOVER_MISMATCH', (world) => (world.compared.rest = DIFFER)],
  ['rows that cannot be compared', 'FICUS_CUTOVER_MISMATCH', (world) => (world.compared.rest = UNKNOWN)],
  ['tables that were altered', 'FICUS_CUTOVER_NOT_VERIFIED', (world) => (world.unaltered = false)],
  ['catalogs that cannot be read', 'FICUS_CUTOVER_NOT_VERIFIED', (world) => (world.unaltered = undefined)],
  ['a sequence that is behind', 'FICUS_CUTOVER_SEQUENCES', (world) => (world.behind = ['ids is behind.'])],
])('%s in the hold: abandoned', async (_, code, make) => {
  const world = new FakeWorld();
  make(world);
  await world.start(wish);
  expect(world.row).toMatchObject({ outcome: 'abandoned', failure: { code } });
  expectAsBefore(world);
});

test('a fence that cannot be reached is asked until it can: a turn to hold may still be under way there', async () => {
  const world = new FakeWorld();
  const unreachable = new FicusError('FICUS_DATABASE_UNREACHABLE', 'It does not answer.');
  for (const turn of ['turn legacy hold', 'turn legacy armed']) world.refusals.set(turn, unreachable);
  const started = world.start(wish);
  const tries = () => world.calls.filter((call) => call === 'turn legacy armed').length;
  await expect.poll(() => tries()).toBeGreaterThan(6);
  world.refusals.delete('turn legacy armed');
  await started;
  expect(world.row).toMatchObject({ outcome: 'abandoned', finishedAt: 'now' });
  expect(world.fences.legacy).toEqual({ epoch: 2, mode: 'armed' });
});

test('an end that the journal does not have is stored again, after a pause', async () => {
  const world = new FakeWorld();
  world.forgetsEnds = 3;
  await world.start(wish);
  expect(world.row).toMatchObject({ outcome: 'done', finishedAt: 'now' });
  expect(world.pauses).toBe(3);
});

test('a hold that has reached its bound is abandoned, whatever it waits for', async () => {
  const world = new FakeWorld();
  world.hangs.add('barrier');
  void world.start(wish);
  await ended(world);
  world.pass(1_999);
  await ended(world);
  expect(world.row).toMatchObject({ outcome: null });
  world.pass(1);
  await ended(world);
  const failure = { step: 'barrier', code: 'FICUS_CUTOVER_TOO_SLOW' };
  expect(world.row).toMatchObject({ outcome: 'abandoned', failure });
  expectAsBefore(world);
});

test('a process that is to end abandons an attempt that waits before the hold', async () => {
  const world = new FakeWorld();
  world.hangs.add('arm');
  void world.start(wish);
  await ended(world);
  world.ending.abort();
  await ended(world);
  const failure = { step: 'arm', code: 'FICUS_CUTOVER_INTERRUPTED' };
  expect(world.row).toMatchObject({ outcome: 'abandoned', failure });
  expectAsBefore(world);
});

test('arm shuts a fence that stands open at the side that does not own the slice', async () => {
  const world = new FakeWorld();
  world.fences.candidate = { epoch: 1, mode: 'armed' };
  world.refusals.set('arm', new FicusError('FICUS_CUTOVER_LAG', 'The stream is behind.'));
  await world.start(wish);
  expect(world.fences.candidate).toEqual({ epoch: 1, mode: 'moved' });
});

test('a hold is abandoned as soon as a proxy can hold no more', async () => {
  const world = new FakeWorld();
  world.hangs.add('verify');
  void world.start(wish);
  await ended(world);
  world.fill();
  await ended(world);
  const failure = { step: 'verify', code: 'FICUS_CUTOVER_HOLD_FULL' };
  expect(world.row).toMatchObject({ outcome: 'abandoned', failure });
  expectAsBefore(world);
});

test('what differs after the release is noted, and undoes nothing', async () => {
  const world = new FakeWorld();
  world.compared.again = DIFFER;
  await world.start(wish);
  expect(world.row?.notes).toEqual(['After the release: mismatch. Rows differ.']);
  expectMoved(world);
});

for (const step of ['lift', 'check'] as const)
  test(`a failure in ${step}, after the journal, is tried again until the attempt is complete`, async () => {
    const world = new FakeWorld();
    world.refusals.set(CALLS[step], new Error('the database is away'));
    let reads = 0;
    setCutoverTrap(() => undefined);
    const running = world.start(wish);
    while (reads < 20) {
      await new Promise((resolve) => setImmediate(resolve));
      world.pass(10);
      reads += 1;
    }
    expect(world.row).toMatchObject({ journaledAt: 'now', finishedAt: null });
    world.refusals.clear();
    await running;
    expect(world.row).toMatchObject({ outcome: 'done' });
    // All tries, and the pauses between them: writes have waited for as long.
    const { timings, report } = world.row!;
    expect(timings[step]).toBeGreaterThan(50);
    expect(Object.keys(report.tries!)).toEqual([step]);
    expect(report.tries![step]).toBeGreaterThan(2);
    expectMoved(world);
  });

test('a gap of the old fence that cannot be closed does not keep a journaled attempt from ending', async () => {
  const world = new FakeWorld();
  world.refusals.set(
    'turn legacy moved',
    new FicusError('FICUS_FENCE_GAPS', 'public.orders does not exist.'),
  );
  await world.start(wish);
  expect(world.calls.filter((call) => /^(install|turn) legacy/.test(call)).slice(-3)).toEqual([
    'turn legacy moved',
    'install legacy',
    'turn legacy moved',
  ]);
  expect(world.row).toMatchObject({
    outcome: 'done',
    notes: [expect.stringContaining('public.orders does not exist')],
  });
  expect(world.fences.legacy).toEqual({ epoch: 2, mode: 'hold' });
});

const AWAY = new Error('the control database is away');

test('while the control database is away, an attempt that it cannot have keeps no writer out', async () => {
  const world = new FakeWorld();
  world.refusals.set('verify', new FicusError('FICUS_CUTOVER_MISMATCH', 'Rows differ.'));
  world.refusals.set('abandon', AWAY);
  const running = world.start(wish);
  await ended(world, 50);
  expect(world.row).toMatchObject({ outcome: null, journaledAt: null });
  expect(world.fences.legacy).toEqual({ epoch: 2, mode: 'armed' });
  expect(world.announced).toEqual({ writes: 'open', owner: 'legacy' });
  world.refusals.delete('abandon');
  await running;
  expect(world.row).toMatchObject({ outcome: 'abandoned', failure: { code: 'FICUS_CUTOVER_MISMATCH' } });
  expectAsBefore(world);
});

test('where it may have the attempt, writers wait until it says so', async () => {
  const world = new FakeWorld();
  world.faults = new Map([[callOf(await callsOfCutover(), 'commit'), 'fails-after']]);
  world.refusals.set('abandon', AWAY);
  const running = world.start(wish);
  await ended(world, 50);
  expect(world.fences.legacy).toEqual({ epoch: 2, mode: 'hold' });
  expect(world.announced.writes).toBe('held');
  world.refusals.delete('abandon');
  await running;
  expectMoved(world);
});

test('an attempt that fails before the hold turns no fence: no writer is refused for it', async () => {
  const world = new FakeWorld();
  world.refusals.set('lease', new FicusError('FICUS_CUTOVER_PROXY_NOT_READY', 'A proxy is silent.'));
  await world.start(wish);
  expect(world.calls.filter((call) => call.startsWith('turn legacy'))).toEqual([]);
});

test('a restart abandons what is not in the journal, and shuts out the process that it replaced', async () => {
  const world = new FakeWorld();
  world.faults = new Map([[callOf(await callsOfCutover(), 'turn legacy hold'), 'sleeps-before']]);
  expect(await world.start(wish)).toBe('died');
  await world.start(wish);
  expect(world.row).toMatchObject({ outcome: 'abandoned', failure: { code: 'FICUS_CUTOVER_INTERRUPTED' } });
  world.wake();
  await Promise.all(world.running);
  // Its turn found another epoch.
  expect(world.fences.legacy).toEqual({ epoch: 2, mode: 'armed' });
  expectAsBefore(world);
});

test('a restart lifts the fence of a process that entered the hold after the restart had read the journal', async () => {
  const world = new FakeWorld();
  const gates = { lease: Promise.withResolvers<void>(), hold: Promise.withResolvers<void>() };
  const reached = { lease: Promise.withResolvers<void>(), hold: Promise.withResolvers<void>() };
  setCutoverTrap((step) => {
    if (step === 'fence') return new Promise(() => undefined);
    if (step !== 'lease' && step !== 'hold') return undefined;
    reached[step].resolve();
    return gates[step].promise;
  });
  void world.start(wish);
  await reached.lease.promise;
  // The restart sleeps before it abandons, with a row that says `arm`.
  world.faults = new Map([[world.calls.length + 1, 'sleeps-before']]);
  expect(await world.start(wish)).toBe('died');
  gates.lease.resolve();
  await reached.hold.promise;
  world.wake();
  await world.running[1];
  gates.hold.resolve();
  await ended(world);
  expectAsBefore(world);
});

test('whatever fails, dies or sleeps: before the journal all is as it was, after it all is complete', async () => {
  const calls = (await callsOfCutover()).length * 3;
  const fault = fc.constantFrom<Fault>(
    ...([
      'fails-before',
      'fails-after',
      'dies-before',
      'dies-after',
      'sleeps-before',
      'sleeps-after',
    ] as const),
  );
  const outcomes = { done: 0, abandoned: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: calls }), fault), { maxLength: 8 }),
      fc.array(fc.constantFrom(wish, back), { minLength: 1, maxLength: 4 }),
      async (faults, wishes) => {
        const world = wishes[0] === back ? new FakeWorld('candidate', 4) : new FakeWorld();
        world.faults = new Map(faults);
        for (const wanted of wishes) {
          // Also when the answer to its beginning was missing: reconnecting resumes what is under way.
          while ((await world.start(wanted)) === 'died' || world.row?.finishedAt === null);
          expectConsistent(world);
        }
        // Processes that were replaced continue: they change nothing any more.
        const before = JSON.stringify([world.slice, world.announced]);
        world.wake();
        await Promise.race([Promise.all(world.running), ended(world)]);
        expect(JSON.stringify([world.slice, world.announced])).toBe(before);
        expectConsistent(world);
        for (const { outcome } of world.rows)
          if (outcome === 'done' || outcome === 'abandoned') outcomes[outcome] += 1;
      },
    ),
    { numRuns: 1_500 },
  );
  // Not vacuous: both ends are common.
  expect(Math.min(outcomes.done, outcomes.abandoned)).toBeGreaterThan(100);
}, 60_000);

/** Processes that died never end. @param most rounds, where one tries again and again */
async function ended(world: FakeWorld, most = Number.POSITIVE_INFINITY): Promise<void> {
  for (let calls = -1, round = 0; calls !== world.calls.length && round < most; round += 1) {
    calls = world.calls.length;
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function callsOfCutover(): Promise<readonly string[]> {
  const world = new FakeWorld();
  await world.start(wish);
  return world.calls;
}

const callOf = (calls: readonly string[], name: string) => calls.indexOf(name) + 1;

function expectConsistent(world: FakeWorld): void {
  expect(world.violations).toEqual([]);
  const { row } = world;
  if (!row) return;
  expect(row.finishedAt).not.toBeNull();
  if (row.journaledAt === null) expectAsBefore(world);
  else expectMoved(world);
}

function expectAsBefore(world: FakeWorld): void {
  const { from, to, fromEpoch } = world.row!;
  expect(world.violations).toEqual([]);
  expect(world.slice).toEqual({ owner: from, epoch: fromEpoch });
  expect(world.announced).toEqual({ writes: 'open', owner: from });
  expect(['armed', 'observe']).toContain(world.fences[from]?.mode);
  expect(world.fences[to]).toEqual({ epoch: fromEpoch, mode: 'moved' });
}

function expectMoved(world: FakeWorld): void {
  const { from, to, epoch } = world.row!;
  expect(world.violations).toEqual([]);
  expect(world.slice).toEqual({ owner: to, epoch });
  expect(world.announced).toEqual({ writes: 'open', owner: to });
  expect(world.fences[from]).toEqual({ epoch, mode: 'moved' });
  expect(world.fences[to]).toEqual({ epoch, mode: 'armed' });
  expect(world.streamEpochs).toEqual({ stream: epoch, back: epoch });
}
