import type { AttemptView } from '@ficus/contract';
import { CUTOVER_STEPS } from '@ficus/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { changeOwner } from './change-owner.ts';
import type { DemoRun } from './demo-run.ts';

type Outcome = 'refused' | 'abandoned' | 'done';

const STATE = { refused: 'abandoned', abandoned: 'abandoned', done: 'done' } as const;
const LAST_STEP = { refused: 'arm', abandoned: 'hold', done: 'check' } as const;

function attemptOf(outcome: Outcome): AttemptView {
  const last = CUTOVER_STEPS.indexOf(LAST_STEP[outcome]);
  return {
    ...{ operation: 'cutover', epoch: 4, state: STATE[outcome], step: LAST_STEP[outcome] },
    pauseMs: outcome === 'done' ? 43 : null,
    startedAt: '2026-05-01T10:00:00.000Z',
    failure: outcome === 'done' ? null : { step: LAST_STEP[outcome], message: `it was ${outcome}` },
    steps: CUTOVER_STEPS.map((step, index) =>
      index > last ? { step, state: 'waiting', ms: null } : { step, state: 'done', ms: 10 },
    ),
  } as unknown as AttemptView;
}

/** A slice that answers `ficus cutover` with these outcomes, and says to be unready before each so often. */
function runOf(outcomes: readonly Outcome[], unready = 0) {
  const said: string[] = [];
  const commands: string[][] = [];
  let looks = 0;
  const writers = async () => {
    looks += 1;
    const isReady = looks % (unready + 1) === 0;
    const answer = isReady ? 'pass' : 'insufficient evidence';
    return {
      answer,
      text: 'All are explained.',
      reasons: [],
      observedMs: isReady ? 20_000 : 7_000,
      requiredMs: 20_000,
    };
  };
  const current = () => outcomes[commands.length - 1]!;
  const run = {
    control: {
      writers,
      replication: async () => ({ state: 'streaming', lagMs: 1 }),
      parity: async () => ({ match: 1, mismatch: 0 }),
      verify: async () => ({ legacy: 9, candidate: 9, equal: 9, different: 0 }),
      cutover: async () => ({ attempt: attemptOf(current()) }),
    },
    load: { latest: () => undefined, writes: async () => [] },
    screen: { say: (text: string) => said.push(text), live: (text: string) => said.push(text) },
    machine: { busyPercent: () => undefined },
    ficus: async (...args: string[]) => {
      commands.push(args);
      return current() === 'done' ? 0 : 1;
    },
    signal: new AbortController().signal,
  } as unknown as DemoRun;
  return { run, said, commands };
}

test('waits until writers are known, and says for what; compares; runs the command', async () => {
  const { run, said, commands } = runOf(['done'], 1);
  expect(await changeOwner('cutover', run)).toMatchObject({
    isDone: true,
    attempts: 1,
    failures: [],
    pauseMs: 43,
  });
  expect(said.slice(0, 4)).toEqual([
    'waiting: writers of the tables have been observed for 7 of 20 s',
    '  Who else writes these tables? Observed for 20 s: all are explained.',
    '  Both databases, row by row: 9 rows, equal',
    '  $ ficus cutover notifications --reason demo',
  ]);
  expect(commands).toEqual([['cutover', 'notifications', '--reason', 'demo']]);
});

test('one that is refused, then abandoned, is repeated, and each reason is kept', async () => {
  const { run, commands } = runOf(['refused', 'abandoned', 'done']);
  expect(await changeOwner('cutover', run)).toMatchObject({
    ...{ isDone: true, attempts: 3, pauseMs: 43 },
    failures: ['refused in step arm: it was refused', 'abandoned in step hold: it was abandoned'],
  });
  expect(commands).toHaveLength(3);
});

test('one that never succeeds is given up, and claims no pause', async () => {
  const { run, said, commands } = runOf(Array<Outcome>(9).fill('abandoned'));
  // Each takes 70 s of the five minutes.
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => commands.length * 70_000);
  onTestFinished(() => clock.mockRestore());
  expect(await changeOwner('cutover', run)).toMatchObject({ isDone: false, attempts: 5, pauseMs: null });
  expect(said.filter((line) => line.includes('held writes for'))).toEqual([]);
});

test('a command that could not be carried out ends the demo', async () => {
  const { run } = runOf(['done']);
  const broken = { ...run, ficus: async () => 3 };
  await expect(changeOwner('cutover', broken)).rejects.toThrow('could not be carried out (exit status 3)');
});
