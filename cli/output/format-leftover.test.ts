import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { formatLeftover } from './format-leftover.ts';

const LEFT = {
  slot: 'ficus_stock_0a1b2c3d',
  slice: 'stock',
  database: 'db:5432/shop',
  retainedBytes: 5,
  message: 'Slot “ficus_stock_0a1b2c3d” is no longer used.',
  remedy: 'ficus remove stock',
};

test.each([
  ['our own', LEFT, '✗'],
  ['one that may be another’s', { ...LEFT, slice: null }, '!'],
])('%s is shown with database, message and command', (_, leftover, mark) => {
  expect(stripVTControlCharacters(formatLeftover(leftover))).toBe(
    `\n${mark} db:5432/shop: Slot “ficus_stock_0a1b2c3d” is no longer used.\n    ficus remove stock`,
  );
});
