import { describe, expect, test } from 'vitest';
import { flagPercent, percentFlag } from './client-features.ts';

describe('flagPercent', () => {
  test.each([0, 1, 25, 100])('reads back what percentFlag wrote: %d', (percent) => {
    expect(flagPercent(percentFlag('a.serve', 'a', percent))).toBe(percent);
  });

  test('a missing flag means nothing, a plain one everything', () => {
    expect(flagPercent(undefined)).toBe(0);
    expect(flagPercent({ name: 'a.serve', enabled: true, strategies: [] })).toBe(100);
  });

  test('a cohort has no percentage', () => {
    const strategies = [{ name: 'userWithId', parameters: { userIds: '1,2' } }];
    expect(flagPercent({ name: 'a.serve', enabled: true, strategies })).toBeUndefined();
  });
});
