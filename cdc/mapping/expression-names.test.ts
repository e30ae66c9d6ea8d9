import { expect, test } from 'vitest';
import { findNames, findUnstableNames } from './expression-names.ts';

test('identifiers are found, strings and comments are not', () => {
  const names = findNames(
    `coalesce(Read_At, "Made At", 'kind') || $$owner$$ || $x$ state $x$ -- amount\n /* paid */ || lower (e.kind)`,
  );
  expect([...names.identifiers].sort()).toEqual(['Made At', 'coalesce', 'e', 'kind', 'lower', 'read_at']);
  expect([...names.functions].sort()).toEqual(['coalesce', 'lower']);
});

test('doubled quotes stay inside', () => {
  expect([...findNames(`'it''s kind' || "a ""b"""`).identifiers]).toEqual(['a "b"']);
});

test('names whose result changes from call to call', () => {
  const volatile = new Set(['random', 'clock_timestamp']);
  expect(findUnstableNames('id + random()', volatile)).toEqual(['random']);
  expect(findUnstableNames('CURRENT_TIMESTAMP - made', volatile)).toEqual(['current_timestamp']);
  expect(findUnstableNames("'random()' || made::text", volatile)).toEqual([]);
});
