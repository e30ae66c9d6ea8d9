import { expect, test } from 'vitest';
import { evaluatePause } from './evaluate-pause.ts';

const timings = {
  ...{ arm: 2_000, lease: 40, hold: 60, fence: 25, barrier: 10, verify: 25, sequences: 1, journal: 5 },
  ...{ lift: 67, release: 1, check: 160 },
};
const journaledAt = '2026-12-01T01:45:37.500Z';

test.each([
  ['steps that account for the time', timings, journaledAt, '2026-12-01T01:45:37.790Z', 194],
  ['records that take a while', timings, journaledAt, '2026-12-01T01:45:38.100Z', 194],
  ['a control plane that was away after the journal', timings, journaledAt, '2026-12-01T01:45:38.728Z', null],
  [
    'a commit of the journal that takes a while',
    { ...timings, journal: 900 },
    journaledAt,
    '2026-12-01T01:45:38.690Z',
    1_089,
  ],
  [
    'a control plane that was killed in its journal, and was away',
    { ...timings, journal: undefined },
    journaledAt,
    '2026-12-01T01:45:38.728Z',
    null,
  ],
  [
    'a long check: nothing waits for it',
    { ...timings, check: 9_000 },
    journaledAt,
    '2026-12-01T01:45:46.700Z',
    194,
  ],
  ['released, and not yet checked', { ...timings, check: undefined }, journaledAt, null, 194],
  ['not released yet', { ...timings, release: undefined }, journaledAt, null, null],
  ['abandoned', timings, null, '2026-12-01T01:45:38.000Z', null],
])('%s', (_, steps, journaled, finishedAt, pauseMs) => {
  expect(evaluatePause({ timings: steps as typeof timings, journaledAt: journaled, finishedAt })).toBe(
    pauseMs,
  );
});
