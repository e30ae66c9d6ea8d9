import type { TrafficCount } from '@ficus/core';
import { expect, test } from 'vitest';
import { RecentTraffic } from './recent-traffic.ts';

const count = (over: Partial<TrafficCount>): TrafficCount => ({
  slice: 'notes',
  route: 'list',
  side: 'legacy',
  reason: 'serve-flag-off',
  requests: 1,
  failures: 0,
  durationMs: 10,
  ...over,
});

test('a share in tenths of a percent, of the requests that the flag decides', () => {
  const recent = new RecentTraffic();
  recent.add([count({ requests: 995, failures: 2 }), count({ slice: 'other', side: 'candidate' })], 0);
  recent.add([count({ side: 'candidate', reason: 'serve-flag-on', requests: 5, durationMs: 20 })], 100);
  // Forced by a tester: the flag has no say.
  recent.add([count({ reason: 'forced', requests: 1000, durationMs: 1985 })], 2000);
  expect(recent.of('notes', 2000)).toEqual({
    windowSeconds: 60,
    legacy: { requests: 1995, failures: 2, meanMs: 1 },
    candidate: { requests: 5, failures: 0, meanMs: 4 },
    candidateSharePercent: 0.5,
  });
});

test('what is older than a minute counts no more, and nothing is no share', () => {
  const recent = new RecentTraffic();
  recent.add([count({})], 0);
  expect(recent.of('notes', 59_000).legacy.requests).toBe(1);
  expect(recent.of('notes', 60_000)).toMatchObject({
    legacy: { requests: 0, meanMs: null },
    candidateSharePercent: null,
  });
});
