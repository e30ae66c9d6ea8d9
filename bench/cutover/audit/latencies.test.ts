import { expect, test } from 'vitest';
import { latenciesIn, rateIn } from './latencies.ts';

const WINDOW = { from: 1_000, to: 2_000 };
const answered = (...ends: number[]) => ends.map((endedAt) => ({ dueAt: endedAt - 5, endedAt, failure: '' }));

test('latency counts from when a request was due, for those that were due inside the window', () => {
  const records = [
    { dueAt: 999, endedAt: 1_900, failure: '' },
    { dueAt: 1_000, endedAt: 1_010, failure: '' },
    { dueAt: 1_500, endedAt: 2_300, failure: 'status 500' },
    { dueAt: 2_000, endedAt: 2_001, failure: '' },
  ];
  expect(latenciesIn(records, WINDOW)).toEqual({ requests: 2, p50Ms: 10, p95Ms: 800, maxMs: 800 });
});

test('a rate counts good answers alone', () => {
  const failed = { dueAt: 1_000, endedAt: 1_001, failure: 'ECONNRESET' };
  expect(rateIn([...answered(1_100, 1_200, 2_100), failed], WINDOW)).toBe(2);
});
