import { expect, test } from 'vitest';
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
