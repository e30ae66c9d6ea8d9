import { expect, test } from 'vitest';
import { isUnderFlag, REASONS } from './reasons.ts';

test('the share of traffic is measured over requests that the flag decides, and over reasons of newer proxies', () => {
  expect(REASONS.filter((reason) => !isUnderFlag(reason))).toEqual([
    'no-route',
    'owner-writes',
    'preflight',
    'forced',
  ]);
  expect(isUnderFlag('a-reason-of-tomorrow')).toBe(true);
  expect(isUnderFlag('toString')).toBe(true);
});
