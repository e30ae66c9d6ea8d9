import { expect, test } from 'vitest';
import { evaluateEarlierRows } from './evaluate-earlier-rows.ts';

const target = { qualifiedName: 'public.visit', sql: '"public"."visit"' };
const evaluate = (counted: number) =>
  evaluateEarlierRows(['slices', 's', 'tables', 0], target, counted, 1000);

test.each([
  [1, 'has 1 row before'],
  [1000, 'has 1,000 rows before'],
  [1001, 'has more than 1,000 rows before'],
])('%i rows before the first copy are mentioned by their number', (counted, words) => {
  expect(evaluate(counted)).toMatchObject({
    severity: 'warning',
    code: 'FICUS_CDC_TARGET_NOT_EMPTY',
    message: expect.stringContaining(words),
    remedySql: expect.stringContaining('TRUNCATE "public"."visit"'),
  });
});

test('an empty table is not mentioned', () => {
  expect(evaluate(0)).toBeUndefined();
});
