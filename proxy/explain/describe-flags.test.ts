import { flagCauses, reasons } from '@ficus/core';
import { expect, test } from 'vitest';
import { describeFlags, explainMissing } from './describe-flags.ts';
import type { WorkerExplanation } from './explanation.ts';

const current = {
  provider: 'unleash' as const,
  hasSource: true,
  isKnown: true,
  lastKnownOf: undefined,
  receivedAt: '2027-01-02T00:00:00.000Z',
  problem: undefined,
};
const EARLIER = '2027-01-01T00:00:00.000Z';

test.each<[string, Partial<Parameters<typeof describeFlags>[0]>, object]>([
  ['current', {}, { state: 'current', receivedAt: current.receivedAt, problem: null }],
  [
    'stale',
    { problem: 'no answer' },
    { state: 'stale', receivedAt: current.receivedAt, problem: 'no answer' },
  ],
  [
    'last known',
    { lastKnownOf: EARLIER, receivedAt: undefined, problem: 'no answer' },
    { state: 'last known', receivedAt: EARLIER, problem: 'no answer' },
  ],
  [
    'none yet',
    { isKnown: false, receivedAt: undefined },
    { state: 'none yet', receivedAt: null, problem: null },
  ],
  ['no source', { hasSource: false, isKnown: false, receivedAt: undefined }, { state: 'no source' }],
])('flags are %s', (_, facts, expected) => {
  expect(describeFlags({ ...current, ...facts })).toMatchObject({ provider: 'unleash', ...expected });
});

const missing = {
  reason: 'serve-flag-off',
  ...reasons['serve-flag-off'],
  flag: { name: 'notes.serve', cause: 'missing', ...flagCauses.missing },
} as unknown as WorkerExplanation;
const state = (name: 'none yet' | 'no source' | 'current') => ({
  ...describeFlags(current),
  state: name,
});

test('a flag is missing because there are none, and then that is what to do', () => {
  expect(explainMissing(missing, state('none yet'))).toMatchObject({
    action: flagCauses['not-known'].action,
    flag: { cause: 'not-known', ...flagCauses['not-known'] },
  });
  expect(explainMissing(missing, state('no source')).flag?.cause).toBe('no-source');
  // Another reason has a remedy of its own.
  const pinned = { ...missing, reason: 'pinned', ...reasons.pinned };
  expect(explainMissing(pinned, state('none yet')).action).toBe(reasons.pinned.action);
  expect(explainMissing(missing, state('current'))).toBe(missing);
});
