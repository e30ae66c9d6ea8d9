import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Query } from './query.ts';

const piece = fc.constantFrom(
  'a',
  'v',
  '%76',
  '%',
  '%2',
  '%zz',
  '%C3%A9',
  '%ff',
  '+',
  '=',
  '&',
  '&&',
  '?',
  '%26',
  '%EF%BB%BF',
);
const name = fc.constantFrom('a', 'v', 'é', '', ' ', '&', 'va', '%', 'a=v', '\ufffd', '%76');

test('answers as URLSearchParams does', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), name, (pieces, wanted) => {
      const text = pieces.join('');
      // A leading question mark is the URL's, not the query's.
      expect(new Query(text).get(wanted)).toBe(new URLSearchParams(`?${text}`).get(wanted));
    }),
    { numRuns: 5000 },
  );
});
