import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameFence } from './fence-names.ts';

test('any slice name: no quotes needed, and room for what is put before it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (slice) => {
      const { word } = nameFence(slice);
      expect(word).toMatch(/^[a-z0-9_]*_[0-9a-f]{8}$/);
      expect(`00_ficus_row_${word}`.length).toBeLessThanOrEqual(63);
    }),
  );
});

test('names that shorten to the same word differ all the same', () => {
  const long = 'notifications-of-the-warehouse-in-the-north';
  const words = ['a-b', 'a_b', 'A-B', `${long}-1`, `${long}-2`].map((slice) => nameFence(slice).word);
  expect(new Set(words).size).toBe(words.length);
});
