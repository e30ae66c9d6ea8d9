import type { AuditEntryView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { describeChange } from './describe-change.ts';

const counts = { match: 1200, mismatch: 3, stale: 0 };
const since = '2026-01-01T00:00:00.000Z';

test.each<[Pick<AuditEntryView, 'was' | 'became' | 'outcome'>, string]>([
  [{ was: { percent: 0 }, became: { percent: 25 }, outcome: 'made' }, '0 % → 25 %'],
  [{ was: { percent: null }, became: { percent: 25 }, outcome: 'made' }, 'no percentage → 25 %'],
  [{ was: { percent: 5 }, became: { percent: 0 }, outcome: 'refused' }, '5 % → 0 % (refused, not made)'],
  [{ was: null, became: null, outcome: 'made' }, ''],
  [{ was: null, became: null, outcome: 'unknown' }, '(outcome unknown)'],
  [
    { was: { since, counts, version: 'v2' }, became: null, outcome: 'made' },
    `dropped 1,203 comparisons of version v2 since ${since}: 1,200 match, 3 mismatch`,
  ],
  [
    { was: { owner: 'legacy', at: { epoch: 1 } }, became: { owner: null }, outcome: 'made' },
    'owner legacy, at epoch 1 → owner none',
  ],
])('%o: %s', (change, text) => {
  expect(describeChange(change as AuditEntryView)).toBe(text);
});
