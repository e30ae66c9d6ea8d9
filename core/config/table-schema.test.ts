import { expect, test } from 'vitest';
import { tableSchema } from './table-schema.ts';

const problemsOf = (table: object): string[] =>
  tableSchema.safeParse({ from: 'a', to: 'b', ...table }).error?.issues.map(({ message }) => message) ?? [];

test('what is named stays alone: omit goes with neither columns nor module', () => {
  expect(problemsOf({ omit: ['x'] })).toEqual([]);
  expect(problemsOf({ omit: ['x'], columns: { id: 'id' } })).toEqual([
    expect.stringContaining('omit is for tables'),
  ]);
  expect(problemsOf({ omit: ['x'], module: './m.ts' })).toEqual([
    expect.stringContaining('omit is for tables'),
  ]);
  expect(problemsOf({ omit: [] })).toHaveLength(1);
});
