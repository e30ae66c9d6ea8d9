import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ejectionMs,
  evaluateOutlier,
  mostOut,
  type OutlierFacts,
  type OutlierOptions,
} from './evaluate-outlier.ts';

const OPTIONS: OutlierOptions = {
  failures: 5,
  rate: 0.3,
  minRequests: 50,
  ejectMs: 100,
  maxEjectMs: 1_000,
  maxShare: 0.5,
};
const WELL: OutlierFacts = {
  failuresInARow: 0,
  answeredBadly: false,
  hasHealthySibling: true,
  own: { requests: 100, failures: 0 },
  siblings: { requests: 100, failures: 0 },
  addresses: 2,
  out: 0,
};
const verdict = (facts: Partial<OutlierFacts>, options: Partial<OutlierOptions> = {}) =>
  evaluateOutlier({ ...WELL, ...facts }, { ...OPTIONS, ...options });

describe('evaluateOutlier', () => {
  test('failures in a row', () => {
    expect(verdict({ failuresInARow: 4 })).toBe('keep');
    expect(verdict({ failuresInARow: 5 })).toBe('failures-in-a-row');
  });

  test('bad answers in a row only when others do not answer so; no answer in any case', () => {
    const unhealthy = { failuresInARow: 9, hasHealthySibling: false };
    expect(verdict({ ...unhealthy, answeredBadly: true })).toBe('keep');
    expect(verdict({ ...unhealthy, answeredBadly: true, hasHealthySibling: true })).toBe('failures-in-a-row');
    expect(verdict(unhealthy)).toBe('failures-in-a-row');
  });

  test('a share of failures far above the siblings’, with enough seen of both', () => {
    expect(verdict({ own: { requests: 100, failures: 29 } })).toBe('keep');
    expect(verdict({ own: { requests: 100, failures: 30 } })).toBe('failure-rate');
    expect(verdict({ own: { requests: 49, failures: 40 } })).toBe('keep');
    const own = { requests: 100, failures: 60 };
    expect(verdict({ own, siblings: { requests: 49, failures: 0 } })).toBe('keep');
    // All are as unhealthy as this one: ejecting it would not help.
    expect(verdict({ own, siblings: { requests: 100, failures: 50 } })).toBe('keep');
  });

  test('never beyond the share, never the last, and not at all when disabled', () => {
    const unhealthy = { failuresInARow: 99 };
    expect(verdict({ ...unhealthy, out: 1 })).toBe('keep');
    expect(verdict({ ...unhealthy, addresses: 4, out: 1 })).toBe('failures-in-a-row');
    expect(verdict({ ...unhealthy, addresses: 4, out: 2 })).toBe('keep');
    expect(verdict({ ...unhealthy, addresses: 4, out: 3 }, { maxShare: 1 })).toBe('keep');
    expect(verdict({ ...unhealthy, addresses: 1 })).toBe('keep');
    expect(verdict(unhealthy, { maxShare: 0 })).toBe('keep');
  });
});

test('how many may be out', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (all, share) => {
        const most = mostOut(all, share);
        expect(most).toBeGreaterThanOrEqual(0);
        expect(most).toBeLessThan(all);
        expect(most).toBeLessThanOrEqual(Math.max(1, all * share));
        if (all > 1 && share > 0) expect(most).toBeGreaterThanOrEqual(1);
      },
    ),
  );
});

test('each ejection in a row lasts twice as long, up to the bound', () => {
  expect([1, 2, 3, 4, 5, 1_000].map((times) => ejectionMs(times, OPTIONS))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect(ejectionMs(1, { ...OPTIONS, maxEjectMs: 1 })).toBe(100);
});
