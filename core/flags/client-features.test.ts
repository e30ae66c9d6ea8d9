import { describe, expect, test } from 'vitest';
import { type ClientFeature, flagPercent, percentFlag } from './client-features.ts';

describe('flagPercent', () => {
  test.each([0, 1, 25, 100])('reads back what percentFlag wrote: %d', (percent) => {
    expect(flagPercent(percentFlag('a.serve', 'a', percent))).toBe(percent);
  });

  test('a missing flag means nothing, a plain one everything', () => {
    expect(flagPercent(undefined)).toBe(0);
    expect(flagPercent({ name: 'a.serve', enabled: true, strategies: [] })).toBe(100);
    // As files and servers may send it.
    expect(flagPercent({ name: 'a.serve', enabled: true } as ClientFeature)).toBe(100);
  });

  test.each([
    ['0.5', 0],
    ['1.5', 1],
    ['99.9', 99],
    ['250', 100],
    ['-3', 0],
    ['many', 0],
  ])('a rollout of %s is the share that it moves: %d', (rollout, percent) => {
    const strategies = [{ name: 'flexibleRollout', parameters: { rollout } }];
    expect(flagPercent({ name: 'a.serve', enabled: true, strategies })).toBe(percent);
  });

  test('a cohort has no percentage', () => {
    const strategies = [{ name: 'userWithId', parameters: { userIds: '1,2' } }];
    expect(flagPercent({ name: 'a.serve', enabled: true, strategies })).toBeUndefined();
  });
});
