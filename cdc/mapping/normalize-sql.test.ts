import { expect, test } from 'vitest';
import { normalizeSql } from './normalize-sql.ts';

test.each([
  ['  upper( v )\n', 'upper(v)'],
  ['coalesce(a , b)', 'coalesce(a,b)'],
  ['a -- the first\n + /* and\n the second */ b', 'a + b'],
  ["replace(kind, '_ ( ', ' . ')", "replace(kind,'_ ( ',' . ')"],
  ['a || $x$ -- no  comment $x$ ||  b', 'a || $x$ -- no  comment $x$ || b'],
  ['"a  b"  =  1', '"a  b" = 1'],
  ['price - -1', 'price - -1'],
  ['total / count', 'total / count'],
  ["E'it''s  (  here'", "E'it''s  (  here'"],
])('%s', (sql, normal) => {
  expect(normalizeSql(sql)).toBe(normal);
  expect(normalizeSql(normal)).toBe(normal);
});
