import { LARGEST_COUNT, LARGEST_DURATION_MS, type TrafficCount } from '@ficus/core';
import { expect, test } from 'vitest';
import { ReportSum } from './report-sum.ts';

const traffic = (requests: number, over: Partial<TrafficCount> = {}): TrafficCount => ({
  ...{ slice: 'notes', route: 'list', side: 'legacy', reason: 'pinned', failures: 0, durationMs: 1 },
  ...over,
  requests,
});
const counts = (requests: number, copies = 0) => ({
  traffic: [traffic(requests)],
  droppedCopies: copies === 0 ? [] : [{ slice: 'notes', reason: 'memory', copies }],
});

test('what has left and is not settled is the same under the same number; later counts are the next', () => {
  const sum = new ReportSum();
  sum.add(counts(1, 4));
  const first = sum.next();
  expect(first).toEqual({ number: 1, ...counts(1, 4) });
  const text = JSON.stringify(first);
  sum.add(counts(2, 5));
  expect(sum.settled).toBe(false);
  expect(JSON.stringify(sum.next())).toBe(text);
  sum.settle();
  sum.add(counts(3));
  expect(sum.next()).toMatchObject({ number: 2, traffic: [{ requests: 5 }], droppedCopies: [{ copies: 5 }] });
  sum.settle();
  expect([sum.empty, sum.settled]).toEqual([true, true]);
});

test('a report without counts has a number, too', () => {
  const sum = new ReportSum();
  expect(sum.next()).toEqual({ number: 1, traffic: [], droppedCopies: [] });
  sum.add(counts(1));
  expect(sum.next().traffic).toEqual([]);
  sum.settle();
  expect(sum.next()).toMatchObject({ number: 2, traffic: [{ requests: 1 }] });
});

test('what a long outage adds up to goes over in parts that one report may carry', () => {
  const sum = new ReportSum();
  const whole = traffic(2.5e9, { failures: 2.5e9 - 1, durationMs: 4e12 });
  sum.add({
    traffic: [whole],
    droppedCopies: [{ slice: 'notes', reason: 'memory', copies: LARGEST_COUNT + 7 }],
  });
  const total = { requests: 0, failures: 0, durationMs: 0, copies: 0 };
  let reports = 0;
  for (; !sum.empty && reports < 100; reports += 1) {
    const { traffic: parts, droppedCopies } = sum.next();
    for (const part of parts) {
      expect(part.requests).toBeLessThanOrEqual(LARGEST_COUNT);
      expect(part.durationMs).toBeLessThanOrEqual(LARGEST_DURATION_MS);
      expect(part.failures).toBeLessThanOrEqual(part.requests);
      expect(Number.isInteger(part.requests) && Number.isInteger(part.failures)).toBe(true);
      for (const field of ['requests', 'failures', 'durationMs'] as const) total[field] += part[field];
    }
    for (const { copies } of droppedCopies) {
      expect(copies).toBeLessThanOrEqual(LARGEST_COUNT);
      total.copies += copies;
    }
    sum.settle();
  }
  expect(total).toMatchObject({ requests: 2.5e9, failures: 2.5e9 - 1, copies: LARGEST_COUNT + 7 });
  expect(total.durationMs).toBeCloseTo(4e12, 0);
});
