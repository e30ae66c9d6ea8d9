import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareEntries, differingBuckets } from './compare-range.ts';

const entry = fc.record({
  key: fc.tuple(fc.constantFrom('1', '2', '3', null)),
  hash: fc.constantFrom('a', 'b'),
});

describe('entries of both sides', () => {
  test('a key is a suspect exactly when its rows differ as multisets', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (source, target) => {
        const rowsOf = (entries: typeof source, key: string | null) =>
          entries
            .filter((row) => row.key[0] === key)
            .map((row) => row.hash)
            .sort();
        const expected = ['1', '2', '3', null].filter(
          (key) => JSON.stringify(rowsOf(source, key)) !== JSON.stringify(rowsOf(target, key)),
        );
        const suspects = compareEntries(source, target).map((key) => key[0] ?? null);
        expect(new Set(suspects)).toEqual(new Set(expected));
        expect(suspects).toHaveLength(expected.length);
      }),
    );
  });
});

describe('buckets of both sides', () => {
  test('differ in count, in sum, or in existing on one side only', () => {
    const source = [
      { bucket: 1, rows: 2, sum: '10' },
      { bucket: 2, rows: 2, sum: '10' },
      { bucket: 3, rows: 1, sum: '5' },
      { bucket: 4, rows: 1, sum: '0' },
    ];
    const target = [
      { bucket: 1, rows: 2, sum: '10' },
      { bucket: 2, rows: 3, sum: '10' },
      { bucket: 3, rows: 1, sum: '6' },
      { bucket: 5, rows: 1, sum: '0' },
    ];
    expect(differingBuckets(source, target)).toEqual([
      { bucket: 2, rows: 5 },
      { bucket: 3, rows: 2 },
      { bucket: 4, rows: 1 },
      { bucket: 5, rows: 1 },
    ]);
  });
});
