import { expect, test } from 'vitest';
import { cellsOf } from './cells.ts';
import { wrapLine, wrapText } from './wrap-text.ts';

test('a long name is parted at its marks', () => {
  expect(wrapText('public.customer_notifications', 14)).toEqual(['public.', 'customer_', 'notifications']);
  expect(wrapText('x'.repeat(7), 3)).toEqual(['xxx', 'xxx', 'x']);
  expect(wrapText('注文の明細', 4)).toEqual(['注文', 'の明', '細']);
});

const problem = '  problem   \u001b[31mColumn “rating” was added to public.reviews\u001b[39m';

test('a line continues below its text, in its colour, and nothing is lost', () => {
  expect(wrapLine(problem, 34)).toEqual([
    '  problem   \u001b[31mColumn “rating” was',
    '            added to',
    '            public.reviews\u001b[39m',
  ]);
  expect(wrapLine(problem, 80)).toEqual([problem]);
});

test.each([
  '  problem   注文の明細テーブルに列が追加されました🚀🚀🚀',
  `  curl -sS -i 'http://127.0.0.1:3000/${'x'.repeat(100)}' -H 'accept: */*'`,
  `            ✗ ${'GET /api/reviews '.repeat(9)}`,
  problem,
])('%j fits any width', (line) => {
  for (const width of [1, 7, 20, 40, 79]) {
    const lines = wrapLine(line, width);
    // A letter of two columns does not fit into one.
    for (const each of lines) expect(cellsOf(each)).toBeLessThanOrEqual(Math.max(2, width));
    const bare = (text: string) => text.replace(/\s/g, '');
    expect(bare(lines.join(''))).toBe(bare(line));
  }
});
