import { expect, test } from 'vitest';
import { formatTable } from './format-table.ts';

test('columns are as wide as their widest cell, colours not counted', () => {
  const table = formatTable(
    ['slice', 'n'],
    [
      ['\u001b[31mnotifications\u001b[39m', '1'],
      ['é', '22'],
    ],
  );
  expect(table.split('\n')).toEqual([
    'slice          n',
    '─────────────  ──',
    '\u001b[31mnotifications\u001b[39m  1',
    'é              22',
  ]);
});
