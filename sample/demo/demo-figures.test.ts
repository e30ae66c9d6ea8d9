import { describe, expect, test } from 'vitest';
import { type DemoFigures, evaluateDemo, percentile } from './demo-figures.ts';

const good: DemoFigures = {
  requests: 1000,
  writes: 100,
  requestsPerSecond: 400,
  failures: 0,
  failureSamples: [],
  stages: [
    { stage: 'shadow', askedPercent: 0, measuredPercent: 0, requests: 10, users: 10 },
    { stage: 'canary', askedPercent: 25, measuredPercent: 26.5, requests: 10, users: 10 },
    { stage: 'live', askedPercent: 100, measuredPercent: 100, requests: 10, users: 10 },
  ],
  usersMovedBack: 0,
  readsAfterWrite: 50,
  staleReads: 0,
  parity: { match: 500, mismatch: 0, stale: 3, noise: 0, inconclusive: 0 },
  lagMs: { p50: 5, p99: 20, samples: 100 },
  rows: { legacy: 1000, candidate: 1000, equal: 1000, different: 0 },
  seconds: 60,
};

const failing = (figures: Partial<DemoFigures>) =>
  evaluateDemo({ ...good, ...figures })
    .filter((check) => !check.ok)
    .map((check) => check.name);

describe('evaluateDemo', () => {
  test('a clean run passes', () => {
    expect(failing({})).toEqual([]);
  });

  test.each<[string, Partial<DemoFigures>, string]>([
    ['one failed request', { failures: 1 }, 'failures'],
    ['one stale read', { staleReads: 1 }, 'stale reads after a user’s own write'],
    ['one user moved back', { usersMovedBack: 1 }, 'users who changed sides while the percentage rose'],
    ['one mismatch', { parity: { ...good.parity, mismatch: 1 } }, 'mismatches'],
    ['one row too few', { rows: { ...good.rows, candidate: 999 } }, 'rows that differ'],
  ])('%s is enough to fail', (_, figures, name) => {
    expect(failing(figures)).toContain(name);
  });

  test('nothing compared is not parity', () => {
    expect(failing({ parity: { match: 0, mismatch: 0, stale: 0, noise: 0, inconclusive: 9 } })).toContain(
      'comparisons',
    );
    expect(failing({ rows: { legacy: 0, candidate: 0, equal: 0, different: 0 } })).toContain('rows compared');
  });

  test('a stage without users says so, and claims no share', () => {
    const empty = { stage: 'canary', askedPercent: 25, measuredPercent: 0, requests: 0, users: 0 };
    expect(failing({ stages: [empty] })).toEqual(['users seen in canary']);
  });

  test('a share that differs from the flag fails, and 100 % means all', () => {
    const live = { stage: 'live', askedPercent: 100, measuredPercent: 99.9, requests: 10, users: 10 };
    expect(failing({ stages: [live] })).toEqual(['share in live']);
  });
});

test('percentile is the nearest rank', () => {
  expect(percentile([5, 1, 3], 0.5)).toBe(3);
  expect(percentile([5, 1, 3], 0.99)).toBe(5);
  expect(percentile([], 0.5)).toBe(0);
});
