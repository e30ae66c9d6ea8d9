import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeNote } from './note-place.ts';

const evidence = {
  intervals: [
    [1000, 1100],
    [2000, 2500],
  ],
  offsetMs: 0,
  errorMs: 10,
  unknown: [
    [Number.NEGATIVE_INFINITY, 500],
    [3000, Number.POSITIVE_INFINITY],
  ],
} as const;
const ALWAYS = [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]] as const;
const note = (transactionAtMs: number, writtenAtMs = transactionAtMs) => ({ transactionAtMs, writtenAtMs });

test.each([
  ['within an interval', note(1010, 1090), 'inside'],
  ['within the error of the clocks', note(990, 1110), 'inside'],
  ['beyond it', note(989, 1050), 'outside'],
  ['begun inside, written outside', note(1090, 1111), 'outside'],
  ['begun outside, written inside', note(1500, 2100), 'outside'],
  ['over two intervals', note(1050, 2100), 'outside'],
  ['between intervals', note(1500), 'outside'],
  ['before anything is known', note(505), 'unknown'],
  ['after the last report', note(2995), 'unknown'],
] as const)('%s', (_, times, place) => {
  expect(placeNote(times, evidence)).toBe(place);
});

test('a database whose clock is an hour ahead', () => {
  expect(placeNote(note(3_601_050), { ...evidence, offsetMs: -3_600_000 })).toBe('inside');
  expect(placeNote(note(3_601_050), { ...evidence, unknown: ALWAYS })).toBe('unknown');
});

test('while a proxy is silent nothing lies outside; what lies inside still does', () => {
  expect(placeNote(note(1500), { ...evidence, unknown: ALWAYS })).toBe('unknown');
  expect(placeNote(note(1050), { ...evidence, unknown: ALWAYS })).toBe('inside');
});

const intervals = fc
  .array(fc.tuple(fc.integer({ min: 60, max: 1000 }), fc.integer({ min: 1, max: 500 })), { maxLength: 20 })
  .map((steps) => {
    let at = 0;
    return steps.map(([gap, length]) => {
      const from = at + gap;
      at = from + length;
      return [from, at] as const;
    });
  });

test('a note outside all intervals, by more than the error of the clocks, is never explained', () => {
  fc.assert(
    fc.property(
      intervals,
      fc.integer({ min: 0, max: 25 }),
      fc.integer({ min: -5000, max: 30_000 }),
      fc.nat(200),
      fc.integer({ min: -4e9, max: 4e9 }),
      fc.boolean(),
      (all, errorMs, at, duration, offsetMs, isKnown) => {
        const isApart = all.every(([from, to]) => at > to + errorMs || at + duration < from - errorMs);
        fc.pre(isApart);
        const times = note(at - offsetMs, at + duration - offsetMs);
        const place = placeNote(times, {
          ...{ intervals: all, offsetMs, errorMs },
          unknown: isKnown ? [] : ALWAYS,
        });
        expect(place).toBe(isKnown ? 'outside' : 'unknown');
      },
    ),
  );
});

test('a note inside one interval is explained, whatever the others are', () => {
  fc.assert(
    fc.property(intervals, fc.nat(), fc.nat(25), (all, pick, errorMs) => {
      fc.pre(all.length > 0);
      const [from, to] = all[pick % all.length]!;
      const times = note(from, to);
      expect(placeNote(times, { intervals: all, offsetMs: 0, errorMs, unknown: ALWAYS })).toBe('inside');
    }),
  );
});
