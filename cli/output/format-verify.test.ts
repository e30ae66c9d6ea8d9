import type { VerifyView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { formatVerify } from './format-verify.ts';

const run = (part: Partial<VerifyView>): VerifyView => ({
  state: 'done',
  mode: 'full',
  sample: null,
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  version: null,
  ofEarlierVersion: false,
  rowsCompared: 0,
  rowsTotal: 0,
  rowsPerSecond: 0,
  verdict: null,
  equal: null,
  reason: null,
  tables: [],
  differences: [],
  differencesNotListed: 0,
  nothingChanged: false,
  problem: null,
  ...part,
});

const shown = (result: VerifyView) => formatVerify(result, 'notes');

test('an inconclusive run is neither equal nor unequal, and says why', () => {
  const text = shown(run({ verdict: 'inconclusive', reason: 'no row was compared' }));
  expect(text).toContain('inconclusive: no row was compared');
  expect(text).not.toContain('equal');
});

test('a match and a mismatch read differently', () => {
  expect(shown(run({ verdict: 'match', equal: true }))).toContain('✓ equal');
  expect(shown(run({ verdict: 'mismatch', equal: false }))).toContain('✗ not equal');
});

test('a mismatch says what its kinds mean, and what to do next', () => {
  const table = {
    from: 'visit',
    to: 'visit',
    rowsCompared: 3,
    rowsSource: 3,
    rowsTarget: 4,
    equal: 3,
    lag: 0,
    unsettled: 0,
    complete: true,
    missing: 0,
    extra: 1,
    different: 0,
    examples: [],
  };
  const text = shown(run({ verdict: 'mismatch', equal: false, tables: [table] }));
  expect(text).toContain('extra: only the candidate has the row: it was there before the first copy');
  expect(text).not.toContain('missing: ');
  expect(text).toContain('ficus copy notes --restart');
  expect(shown(run({ verdict: 'match', equal: true }))).not.toContain('--restart');
});

test('with nothing changed since the last full comparison there is neither a match nor a doubt', () => {
  const reason = 'No row has changed since the last full comparison.';
  const text = shown(run({ mode: 'changed', verdict: 'inconclusive', reason, nothingChanged: true }));
  expect(text).toContain('nothing to compare');
  expect(text).not.toContain('inconclusive');
});
