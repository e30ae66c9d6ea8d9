import type { BusyInterval } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { BusyIntervals } from './busy-intervals.ts';
import { placeNote } from './note-place.ts';

const SAME_CLOCK = { offsetMs: 0, errorMs: 0 };
const START = 1_800_000_000_000;

/**
 * A report of `notes` that arrives 25 ms after it was sent, as one that took half of the most does.
 * @param endsBeforeMs how long before its sending its intervals end
 */
const report = (
  proxyId: string,
  number: number,
  untilMs: number,
  notes: readonly BusyInterval[] | undefined,
  endsBeforeMs = 0,
) => ({
  proxyId,
  number,
  busy: notes && { notes: notes.map(([from, to]) => [START + from, START + to] as const) },
  busyUntilMs: notes && START + untilMs - endsBeforeMs,
  clockMs: notes && START + untilMs,
});
const arrives = (untilMs: number) => START + untilMs + 25;
const placeAt = (busy: BusyIntervals, at: number, now: number, database = SAME_CLOCK) =>
  placeNote(
    { transactionAtMs: START + at, writtenAtMs: START + at + 1 },
    busy.evidence('notes', database, START - 10_000, START + now),
  );

/** Knows the proxies from the beginning on. */
const begun = (...proxies: readonly string[]) => {
  const busy = new BusyIntervals();
  for (const proxy of proxies) {
    busy.take(report(proxy, 1, -9_000, []), arrives(-9_000));
    busy.take(report(proxy, 2, -8_000, []), arrives(-8_000));
  }
  return busy;
};

describe('of one proxy', () => {
  test('its intervals are known from its second report on', () => {
    const busy = new BusyIntervals();
    busy.take(report('p', 7, 1000, [[200, 300]]), arrives(1000));
    busy.take(report('p', 8, 2000, [[1200, 1300]]), arrives(2000));
    busy.take(report('p', 9, 3000, []), arrives(3000));
    expect([250, 1250].map((at) => placeAt(busy, at, 3100))).toEqual(['inside', 'inside']);
    expect([500, 1600, 2500, 2980].map((at) => placeAt(busy, at, 3100))).toEqual([
      'unknown',
      'unknown',
      'outside',
      'unknown',
    ]);
  });

  test('what is reported while a worker has said nothing yet counts, and leaves the rest unknown', () => {
    const busy = new BusyIntervals();
    busy.take(report('p', 7, 1000, []), arrives(1000));
    busy.take({ ...report('p', 8, 2000, [[1200, 1300]]), busyUntilMs: undefined }, arrives(2000));
    busy.take(report('p', 9, 3000, []), arrives(3000));
    busy.take(report('p', 10, 4000, []), arrives(4000));
    expect([1250, 2500, 3500].map((at) => placeAt(busy, at, 4100))).toEqual(['inside', 'unknown', 'outside']);
  });

  test('an end of its times that is older than the observation says nothing of it', () => {
    const busy = new BusyIntervals();
    busy.take(report('p', 7, 1000, [], 61_000), arrives(1000));
    busy.take(report('p', 8, 2000, []), arrives(2000));
    busy.take(report('p', 9, 3000, []), arrives(3000));
    expect([500, 2500].map((at) => placeAt(busy, at, 3100))).toEqual(['unknown', 'outside']);
  });

  test('one that has just begun leaves nothing of the time before unknown', () => {
    const busy = begun('old');
    busy.take(report('old', 3, 9_000, []), arrives(9_000));
    busy.take(report('new', 1, 9_000, []), arrives(9_000));
    expect([5_000, 8_000].map((at) => placeAt(busy, at, 9_100))).toEqual(['outside', 'unknown']);
  });

  test('a report that arrives twice changes nothing', () => {
    const busy = begun('p');
    const first = report('p', 3, 1000, [[200, 300]]);
    busy.take(first, arrives(1000));
    busy.take(first, arrives(1000));
    expect(placeAt(busy, 500, 1100)).toBe('outside');
    expect(busy.evidence('notes', SAME_CLOCK, START, START + 1100).intervals).toHaveLength(1);
  });

  test('an interval that ends just before the time asked for counts within the error of the clocks', () => {
    const busy = begun('p');
    busy.take(report('p', 3, 1000, [[200, 210]]), arrives(1000));
    const evidence = busy.evidence('notes', SAME_CLOCK, START + 230, START + 1100);
    expect(placeNote({ transactionAtMs: START + 230, writtenAtMs: START + 231 }, evidence)).toBe('inside');
  });

  test('its clock may be minutes off', () => {
    const busy = new BusyIntervals();
    for (const at of [-9_000, -8_000]) busy.take(report('p', 9_000 + at, 600_000 + at, []), arrives(at));
    busy.take(report('p', 9_000, 601_000, [[600_200, 600_300]]), arrives(1000));
    expect([250, 900].map((at) => placeAt(busy, at, 1100))).toEqual(['inside', 'outside']);
  });

  test('its times may end long before the report leaves: workers and reports have seconds of their own', () => {
    const busy = new BusyIntervals();
    for (const [number, at] of [-2000, -1000, 1000, 2000].entries())
      busy.take(report('p', 7 + number, at, number === 2 ? [[200, 300]] : [], 900), arrives(at));
    expect([250, 600, 1000].map((at) => placeAt(busy, at, 2100))).toEqual(['inside', 'outside', 'outside']);
    expect(placeAt(busy, 1090, 2100)).toBe('unknown');
  });

  test('its clock may be corrected meanwhile', () => {
    const busy = new BusyIntervals();
    busy.take(report('p', 1, 601_000, []), arrives(1000));
    for (const at of [400_000, 800_000]) busy.take(report('p', at, at, [[at - 500, at - 400]]), arrives(at));
    expect(placeAt(busy, 799_550, 800_100)).toBe('inside');
  });

  test('an error of the database’s clock widens the intervals', () => {
    const busy = begun('p');
    busy.take(report('p', 3, 1000, [[200, 300]]), arrives(1000));
    expect(placeAt(busy, 400, 1100)).toBe('outside');
    expect(placeAt(busy, 400, 1100, { offsetMs: 0, errorMs: 100 })).toBe('inside');
    expect(placeAt(busy, 400, 1100, { offsetMs: -150, errorMs: 0 })).toBe('inside');
  });
});

describe('of several', () => {
  test('a write of any explains; outside is only what none explains', () => {
    const busy = begun('p', 'q');
    busy.take(report('p', 3, 1000, [[200, 300]]), arrives(1000));
    busy.take(report('q', 3, 1000, [[600, 700]]), arrives(1000));
    expect([250, 650, 450].map((at) => placeAt(busy, at, 1100))).toEqual(['inside', 'inside', 'outside']);
  });

  test('one of an earlier version, which reports no intervals, leaves everything else unknown', () => {
    const busy = begun('p');
    busy.take(report('p', 3, 1000, [[200, 300]]), arrives(1000));
    busy.take(report('old', 400, 1000, undefined), arrives(1000));
    expect([250, 450].map((at) => placeAt(busy, at, 1100))).toEqual(['inside', 'unknown']);
    expect(busy.counts('notes', START + 1100)).toEqual({ proxies: 2, reporting: 1 });
  });

  test('one that is silent is waited for, for a minute', () => {
    const busy = begun('gone', 'p');
    busy.take(report('gone', 3, 500, []), arrives(500));
    busy.take(report('p', 3, 59_000, []), arrives(59_000));
    expect(placeAt(busy, 5_000, 59_100)).toBe('unknown');
    busy.take(report('p', 4, 61_000, []), arrives(61_000));
    expect(placeAt(busy, 5_000, 61_100)).toBe('outside');
  });

  test('without any, nothing is known', () => {
    expect(placeAt(new BusyIntervals(), 0, 100)).toBe('unknown');
    expect(new BusyIntervals().counts('notes', START)).toEqual({ proxies: 0, reporting: 0 });
  });
});

describe('of several tokens', () => {
  test('made-up proxies of one take no place of another’s', () => {
    const busy = new BusyIntervals();
    for (let at = 0; at < 1_100; at += 1) busy.take(report(`theirs/${at}`, 1, 0, []), arrives(0), 'theirs');
    for (const at of [1000, 2000, 3000])
      busy.take(report('ours/p', at, at, [[at - 500, at - 400]]), arrives(at), 'ours');
    expect(placeAt(busy, 2550, 3100)).toBe('inside');
  });

  const END = 3_500_000;
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => [from + at * 10, from + at * 10 + 5] as const);

  test('at the bound of one, its proxies with the most lose what is oldest, and all others nothing', () => {
    const busy = new BusyIntervals();
    const take = (proxyId: string, intervals: readonly BusyInterval[]) =>
      busy.take(report(proxyId, 7, END, intervals), arrives(END), proxyId.split('/')[0]);
    take('ours/p', [[100, 200]]);
    take('theirs/honest', [[300, 400]]);
    for (let at = 1; at <= 6; at += 1) take(`theirs/${at}`, many(at * 500_000, 50_000));
    const { intervals } = busy.evidence('notes', SAME_CLOCK, START, START + END);
    expect(intervals.length).toBeLessThanOrEqual(200_002);
    expect([150, 350].map((at) => placeAt(busy, at, END))).toEqual(['inside', 'inside']);
  });

  test.each([
    ['below its bound', 3, 'outside'],
    ['beyond it: what was given up is not known any more', 4, 'unknown'],
  ])('%s', (_, count, place) => {
    const proxies = ['p', 'q', 'r', 's'].slice(0, count);
    const busy = begun(...proxies);
    for (const proxy of proxies) busy.take(report(proxy, 3, END, many(10_000, 60_000)), arrives(END));
    expect(placeAt(busy, 5_000, END)).toBe(place);
  });
});

test('a slice that is not observed for a while is known again from its second report on', () => {
  const busy = begun('p');
  busy.take(report('p', 3, 1000, []), arrives(1000));
  busy.take({ ...report('p', 4, 2000, []), busy: {} }, arrives(2000));
  for (const at of [3000, 4000, 5000]) busy.take(report('p', at, at, []), arrives(at));
  expect([500, 1500, 3500, 4500].map((at) => placeAt(busy, at, 5100))).toEqual([
    'unknown',
    'unknown',
    'unknown',
    'outside',
  ]);
});

test('what is older than an hour is forgotten, and then not known', () => {
  const busy = new BusyIntervals();
  busy.take(report('p', 7, -9_000, []), arrives(-9_000));
  busy.take(report('p', 8, 1000, [[200, 300]]), arrives(1000));
  busy.take(report('p', 9, 3_700_000, [[3_699_000, 3_699_100]]), arrives(3_700_000));
  expect(placeAt(busy, 250, 3_700_100)).toBe('unknown');
  expect(placeAt(busy, 3_699_050, 3_700_100)).toBe('inside');
});
