import { expect, test } from 'vitest';
import { COLOUR_CODE, cellsOf } from './cells.ts';
import { fitTable } from './fit-table.ts';

const header = ['when', 'what', 'why'];
const rows = [
  [
    '2026-01-01T00:00:00.000Z',
    'serve',
    'the first users of the new service, as agreed with the team of the shop',
  ],
];

test.each([60, 80, 100])('no line is wider than %d columns, and no word is lost', (width) => {
  const text = fitTable(header, rows, width);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  const words = text.split('\n').slice(2).join(' ').split(/\s+/).sort();
  expect(words).toEqual(rows[0]!.join(' ').split(' ').sort());
});

test.each([
  [['slice', 'stage', 'owner', 'serve', 'measured', 'shadow', 'parity', 'lag']],
  [['from', 'to', 'legacy rows', 'candidate rows', 'missing', 'extra', 'different']],
])('with long names, Chinese and emoji, and colours, no line of %j is wider than 80 columns', (titles) => {
  const long = [
    'customer-notification-preferences',
    '\u001b[31mshadow, candidate unreachable\u001b[39m',
    '販売.注文明細🚀',
    ...Array.from({ length: titles.length - 3 }, (_, at) => `${at}23,456,789`),
  ];
  const lines = fitTable(titles, [long], 80).split('\n');
  for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(80);
  const bare = (text: string) => [...text.replace(COLOUR_CODE, '').replace(/[\s─]/g, '')].sort().join('');
  expect(bare(lines.join(''))).toBe(bare([...titles, ...long].join('')));
  // Each row ends in the terminal’s own colour.
  for (const line of lines) expect(line.match(COLOUR_CODE)?.at(-1) ?? '\u001b[39m').toBe('\u001b[39m');
});

test('without a width, or with room, each row is one line', () => {
  for (const width of [undefined, 200]) expect(fitTable(header, rows, width).split('\n')).toHaveLength(3);
});

test('a word that is wider than its column is cut', () => {
  expect(
    fitTable(['a'], [['x'.repeat(30)]], 20)
      .split('\n')
      .slice(2),
  ).toEqual(['x'.repeat(20), 'x'.repeat(10)]);
});
