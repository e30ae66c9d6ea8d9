import type { SliceView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { colourOf, formatAgreement, formatParity } from './format-parity.ts';

function sliceOf(over: Partial<SliceView['parity']>, state: SliceView['candidate']['state'] = 'answers') {
  const counts = { match: 0, mismatch: 0, stale: 0, noise: 0, inconclusive: 0, skipped: 0, ...over.counts };
  const lastComparedAt = '2026-01-01T00:00:00Z';
  const none = { ratio: null, compared: 0, uncompared: [], version: null, earlier: [], lastComparedAt };
  return { parity: { ...none, ...over, counts }, candidate: { state } } as unknown as SliceView;
}

test('never shows 100 % before all match, and says of how many', () => {
  const slice = sliceOf({ ratio: 0.9999999, compared: 10_000_000 });
  expect(formatAgreement(slice)).toBe('99.999 % of 10,000,000');
  expect(formatParity(slice)[0]).toContain('99.999 % of 10,000,000 match');
});

test('what proved nothing is counted, and is no comparison', () => {
  const slice = sliceOf({ counts: { inconclusive: 7 } as SliceView['parity']['counts'] });
  expect(formatAgreement(slice)).toBe('nothing compared');
  expect(formatParity(slice).join('\n')).toMatch(/nothing compared.*7 inconclusive/);
});

test('names the reads that were never compared', () => {
  const slice = sliceOf({ ratio: 1, compared: 5, uncompared: ['get', 'preferences'] });
  expect(formatAgreement(slice)).toBe('100.000 % of 5, 2 routes never compared');
  expect(formatParity(slice)[1]).toBe('never compared: get, preferences');
});

test('a share of before the candidate failed says so', () => {
  expect(formatAgreement(sliceOf({ ratio: 1, compared: 5 }, 'fails'))).toBe(
    '100.000 % of 5, before it failed',
  );
});

test('evidence about an earlier version is shown as such, and does not count', () => {
  const since = '2026-01-01T00:00:00Z';
  const { counts } = sliceOf({}).parity;
  const v1 = { version: 'v1', since, lastComparedAt: since, counts, compared: 3000, ratio: 1 };
  const slice = sliceOf({ version: 'v2', earlier: [v1] });
  expect(formatAgreement(slice)).toBe('nothing compared');
  expect(formatParity(slice)).toEqual([
    expect.stringContaining('nothing compared of version v2'),
    `100.000 % of 3,000 match of version v1, the last at ${since}: does not count`,
  ]);
});

test.each([
  [{ match: 3, noise: 3 }, 'green'],
  [{ match: 3, noise: 4 }, 'yellow'],
  [{ match: 3, noise: 4, mismatch: 1 }, 'red'],
] as const)('what rules explain for the most part is no agreement: %j is %s', (counts, colour) => {
  expect(colourOf(sliceOf({ counts: counts as unknown as SliceView['parity']['counts'] }))).toBe(colour);
});
