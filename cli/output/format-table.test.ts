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

test('a cell cannot begin a row of its own', () => {
  const forged = 'fine\n2027-01-01  admin  serve  approved\r\u001b[1A';
  const lines = formatTable(['why', 'who'], [[forged, 'api']]).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/^fine\\n2027-01-01 .*\\r.* {2}api$/);
});
