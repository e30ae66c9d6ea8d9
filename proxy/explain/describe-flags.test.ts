import { expect, test } from 'vitest';
import { describeFlags } from './describe-flags.ts';

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
