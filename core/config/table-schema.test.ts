import { expect, test } from 'vitest';
import { tableSchema } from './table-schema.ts';

const problemsOf = (table: object): string[] =>
  tableSchema.safeParse({ from: 'a', to: 'b', ...table }).error?.issues.map(({ message }) => message) ?? [];

test('omit goes with columns, also when nothing stays behind, and with no module', () => {
  for (const omit of [['x'], []]) {
    expect(problemsOf({ omit })).toEqual([]);
    expect(problemsOf({ omit, columns: { id: 'id' } })).toEqual([]);
  }
  expect(problemsOf({ omit: ['x'], module: './m.ts' })).toEqual([
    expect.stringContaining('omit is for tables'),
  ]);
});

test.each([
  ['visits', 'public.visits'],
  ['shop.visits', 'shop.visits'],
  ['"order.lines"', 'public.order.lines'],
  ['shop."order.lines"', 'shop.order.lines'],
  ['shop."a ""quoted"" name"', 'shop.a "quoted" name'],
])('the table %s is %s of the catalog', (from, qualified) => {
  expect(tableSchema.parse({ from, to: 'b' }).from).toBe(qualified);
});

test.each(['a.b.c', '"a.b".c', 'a."b', '"', 'a.', ''])('%s is no table', (from) => {
  expect(problemsOf({ from })).toHaveLength(1);
});
