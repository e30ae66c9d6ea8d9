/**
 * The steps of an attempt, each by itself; the runner calls them in their order. What a step throws before the journal
 * abandons the attempt; after it, the step is tried again.
 */
import { type CutoverStep, FicusError } from '@ficus/core';
import { decideLift, turnFence } from '../fence-turns.ts';
import type { Comparison } from '../ports.ts';
import type { Work } from '../work.ts';
import { arm } from './arm.ts';
import { check } from './check.ts';
import { raiseEpochs } from './raise-epochs.ts';

/** Longest wait of the release for the streams. */
const RAISE_MS = 25;
/** As long as a hold could wait for the barrier, with its other parts. */
const MOVING_MS = 1_000;

/** `journal` is the runner's own: only it may find out what a missing answer means. */
export const STEPS: Readonly<Record<Exclude<CutoverStep, 'journal'>, (work: Work) => Promise<void>>> = {
  arm,
  lease,
  hold,
  fence,
  barrier,
  verify,
  sequences,
  lift,
  release: async ({ ports, row }) => ports.gate.open(row.slice),
  check,
};

async function lease({ sides, ports, row, limits, report }: Work): Promise<void> {
  await ports.gate.lease(row, limits.ackMs);
  report({ endless: ports.gate.endless(row) });
  if (row.rehearsal) return;
  // All others pass meanwhile, and change rows: the less time between the last comparison and the hold, the shorter is that.
  await ports.gate.drainEndless(row, limits.endlessMs);
  await lookAgain(sides);
  await sides.compare.narrow();
}

/** What has died since `arm` is found while nothing is held. */
async function lookAgain({ oldFence, newFence, stream }: Work['sides']): Promise<void> {
  const [isMoving] = await Promise.all([stream.isMoving(MOVING_MS), oldFence.state(), newFence.state()]);
  if (isMoving) return;
  throw new FicusError(
    'FICUS_CUTOVER_LAG',
    `The stream has not applied within ${MOVING_MS} ms what was committed just now. Nothing was held.`,
  );
}

async function hold({ ports, row, found, remainingMs }: Work): Promise<void> {
  // Stored first: after a restart it says that the fence may have been turned.
  if (!(await ports.journal.enter(row, 'hold')))
    throw new FicusError('FICUS_CUTOVER_OVERTAKEN', 'Another process has ended this attempt.');
  found.heldAt = ports.now();
  await ports.gate.hold(row, remainingMs());
}

async function fence({ sides, row, found, limits, remainingMs }: Work): Promise<void> {
  const expected = found.oldFence!;
  const drainMs = Math.min(limits.drainMs, remainingMs());
  found.fenceTouched = true;
  const result = await sides.oldFence
    .turn({ expected, wanted: { epoch: row.epoch, mode: 'hold' }, drainMs })
    .catch((error: unknown) => {
      found.fenceTouched = !leavesAsItWas(error);
      throw error;
    });
  if (result.turned) {
    found.barrier = result.lsn;
    return;
  }
  const { epoch, mode } = result.found ?? {};
  throw new FicusError(
    'FICUS_CUTOVER_FENCE_ELSEWHERE',
    `The owner’s fence is not as arm left it (${expected.mode} of epoch ${expected.epoch}), but ${mode ?? 'missing'} of epoch ${epoch ?? '–'}.`,
  );
}

/** Only these say that the turn was rolled back; after any other error it may have been made. */
const NOT_TURNED: ReadonlySet<string> = new Set(['FICUS_FENCE_DRAIN', 'FICUS_FENCE_GAPS']);
const leavesAsItWas = (error: unknown): boolean => error instanceof FicusError && NOT_TURNED.has(error.code);

async function barrier({ sides, found, remainingMs }: Work): Promise<void> {
  // The stream's own last look may be a second old, and partitions that were taken away since are in no stream. Clients
  // wait for the barrier and the comparison at the same time.
  found.unaltered = sides.stream.isUnaltered();
  found.unaltered.catch(() => undefined);
  if (await sides.stream.waitForPosition(found.barrier!, remainingMs())) return;
  throw new FicusError('FICUS_CUTOVER_TOO_SLOW', 'The stream has not applied the barrier in time.');
}

async function verify({ sides, found, remainingMs }: Work): Promise<void> {
  // On other sessions, at the same time: clients wait for both.
  found.sequencesBehind = sides.sequences.behind();
  found.sequencesBehind.catch(() => undefined);
  requireMatch(await sides.compare.rest(found.barrier!, remainingMs()));
  const unaltered = await found.unaltered!;
  if (unaltered) return;
  throw new FicusError(
    'FICUS_CUTOVER_NOT_VERIFIED',
    unaltered === undefined
      ? 'The stream lost its session during the hold, or could not read a catalog: whether a table was altered, or lost rows with a partition, is not known.'
      : 'A table was altered, or lost rows with a partition, just before the hold: its rows have to be compared again.',
  );
}

function requireMatch({ verdict, reason }: Comparison): void {
  if (verdict === 'match') return;
  throw new FicusError('FICUS_CUTOVER_MISMATCH', reason);
}

async function sequences({ found, remainingMs }: Work): Promise<void> {
  remainingMs();
  const behind = await found.sequencesBehind!;
  if (behind.length > 0) throw new FicusError('FICUS_CUTOVER_SEQUENCES', behind.join(' '));
}

async function lift(work: Work): Promise<void> {
  const { sides, row, found, limits, ports } = work;
  // An applier of the old epoch has nothing left to apply: the barrier was its last. So no client waits for a database of
  // the old owner that has gone away; `check` sees to it.
  const raised = raiseEpochs(work).catch(() => undefined);
  await turnFence(sides.newFence, found.newFence, decideLift(row.epoch), limits.drainMs);
  await Promise.race([raised, ports.sleep(RAISE_MS)]);
}
