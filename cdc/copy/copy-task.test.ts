import { expect, test } from 'vitest';
import { decideChunkRows } from './copy-task.ts';

test.each([
  ['the first chunk is small', 20_000, 100, 0, 500],
  ['later ones grow', 20_000, 100, 500, 2_000],
  ['up to the limit', 20_000, 100, 16_000, 20_000],
  ['never beyond the limit', 10, 1, 0, 10],
  ['large rows are few', 20_000, 1_048_576, 500, 16],
  ['a row larger than a chunk comes alone', 20_000, 100_000_000, 16, 1],
  ['after large rows small ones', 20_000, 100, 1, 4],
  ['nothing is known of an empty table', 20_000, 0, 0, 500],
])('%s', (_, most, rowBytes, before, rows) => {
  expect(decideChunkRows(most, rowBytes, before)).toBe(rows);
});
