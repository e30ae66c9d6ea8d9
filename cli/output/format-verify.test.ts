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

test('an inconclusive run is neither equal nor unequal, and says why', () => {
  const text = formatVerify(run({ verdict: 'inconclusive', reason: 'no row was compared' }));
  expect(text).toContain('inconclusive: no row was compared');
  expect(text).not.toContain('equal');
});

test('a match and a mismatch read differently', () => {
  expect(formatVerify(run({ verdict: 'match', equal: true }))).toContain('✓ equal');
  expect(formatVerify(run({ verdict: 'mismatch', equal: false }))).toContain('✗ not equal');
});

test('with nothing changed since the last full comparison there is neither a match nor a doubt', () => {
  const reason = 'No row has changed since the last full comparison.';
  const text = formatVerify(run({ mode: 'changed', verdict: 'inconclusive', reason, nothingChanged: true }));
  expect(text).toContain('nothing to compare');
  expect(text).not.toContain('inconclusive');
});
