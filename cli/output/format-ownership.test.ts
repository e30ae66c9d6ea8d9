import type { AttemptView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { attemptOf, cutoverOf, FAILURE } from './attempt.fixture.ts';
import { describeDue, describeNotes, describeOwnership } from './format-ownership.ts';

test('without an attempt nothing is said', () => {
  expect(describeOwnership(cutoverOf(null))).toEqual([]);
});

test('what does not fit together comes first, with the command that repairs it', () => {
  const inconsistency = 'The cutover of epoch 4 was interrupted in step hold.';
  const [first, second] = describeOwnership({ ...cutoverOf(attemptOf()), inconsistency });
  expect(first).toBe(`${inconsistency} Repair it: ficus cutover notes --resume`);
  expect(second).toContain('cutover to the candidate by ann');
  const lost = { ...cutoverOf(null), inconsistency: 'The fences say otherwise.', repair: 'restore it' };
  expect(describeOwnership(lost)).toEqual(['The fences say otherwise. Repair it: restore it']);
});

const REFUSALS = ['Writers are not observed.', 'No verify has run.'].map((message) => ({
  ...FAILURE,
  message,
}));
const ARM = {
  ...FAILURE,
  ...({ step: 'arm', message: 'Writers are not observed. (and No verify has run.)' } as const),
};

test.each<[Partial<AttemptView>, string]>([
  [{ state: 'running', step: 'hold', finishedAt: null }, 'under way since'],
  [{ state: 'abandoning', failure: FAILURE, finishedAt: null }, 'failed in step verify, and is being undone'],
  [{ state: 'completing', step: 'lift', finishedAt: null }, 'the candidate is the owner, step lift'],
  [{ state: 'done', pauseMs: 43.2 }, 'writes waited for at most 43 ms'],
  [{ state: 'rehearsed', dryRun: true }, 'dry run of a cutover by ann at'],
  [{ state: 'abandoned', failure: FAILURE }, 'abandoned in step verify: 3 rows differ.'],
  [
    { state: 'abandoned', failure: ARM, refusals: REFUSALS },
    'Z refused: Writers are not observed. No verify has run.',
  ],
  [{ state: 'abandoned', failure: ARM, refusals: [] }, 'Z refused: Writers are not observed. (and No verify'],
  [
    { state: 'abandoned', dryRun: true, failure: ARM, refusals: REFUSALS },
    'Z says that it would be refused: Writers are not observed. No verify',
  ],
])('%o', (over, text) => {
  expect(describeOwnership(cutoverOf(attemptOf(over)))).toEqual([expect.stringContaining(text)]);
});

test('what the last attempt has noted stays readable, until the slice is retired', () => {
  const noted = cutoverOf(attemptOf({ notes: ['A\nnote.', 'Another.'] }));
  expect(describeNotes(noted)).toEqual(['! A\\nnote.', '! Another.']);
  expect(describeNotes({ ...noted, retired: true })).toEqual([]);
  expect(describeNotes(cutoverOf(null))).toEqual([]);
});

test('among other slices only what is under way, or half made, is said', () => {
  const inconsistency = 'The cutover of epoch 4 was interrupted in step hold.';
  expect(describeDue(cutoverOf(null))).toEqual([]);
  expect(describeDue(cutoverOf(attemptOf()))).toEqual([]);
  expect(describeDue({ ...cutoverOf(attemptOf()), inconsistency })).toEqual([
    `notes: ${inconsistency} Repair it: ficus cutover notes --resume`,
  ]);
  expect(describeDue(cutoverOf(attemptOf({ state: 'running', step: 'hold', finishedAt: null })))).toEqual([
    expect.stringMatching(/^notes: cutover by ann under way since .*in step hold/),
  ]);
});
