import { expect, test } from 'vitest';
import { cellsOf, takeCells } from './cells.ts';

test.each([
  ['orders', 6],
  ['', 0],
  ['é', 1],
  ['e\u0301', 1],
  ['注文', 4],
  ['ｶﾅ', 2],
  ['カナ', 4],
  ['Ａ！', 4],
  ['한국어', 6],
  ['\u1112\u1161\u11ab', 2],
  ['🚀', 2],
  ['👩‍👩‍👧', 2],
  ['🇩🇪', 2],
  ['❤️', 2],
  ['1️⃣', 2],
  ['✓ ✗ → ─ “a” ‹b›', 15],
  ['a\u200bb', 2],
  ['\u001b[31m注\u001b[39m', 2],
])('%s takes %d', (text, cells) => {
  expect(cellsOf(text)).toBe(cells);
});

test.each([
  ['orders', 3, 'ord'],
  ['注文表', 5, '注文'],
  ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧'],
  ['注', 1, '注'],
])('of %s, %d columns hold %s', (text, cells, taken) => {
  expect(takeCells(text, cells)).toBe(taken);
});
