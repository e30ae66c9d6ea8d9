import { expect, test } from 'vitest';
import { TakenNumbers } from './taken-numbers.ts';

const HOUR_MS = 60 * 60 * 1000;

test('a number is new once, and numbers may be left out', () => {
  const numbers = new TakenNumbers();
  const turns = [1, 1, 3, 3, 2, 1, 4].map((number) => numbers.take('a', number, 0));
  expect(turns).toEqual(['new', 'last', 'new', 'last', 'earlier', 'earlier', 'new']);
});

test('each sender has numbers of its own', () => {
  const numbers = new TakenNumbers();
  expect(numbers.knows('a')).toBe(false);
  expect(numbers.take('a', 7, 0)).toBe('new');
  expect(numbers.take('b', 1, 0)).toBe('new');
  expect([numbers.knows('a'), numbers.knows('b'), numbers.knows('c')]).toEqual([true, true, false]);
});

test('of too many senders the one that was silent longest is forgotten', () => {
  const numbers = new TakenNumbers(2);
  for (const sender of ['a', 'b', 'a', 'c']) numbers.take(sender, 1, 0);
  expect(['a', 'b', 'c'].map((sender) => numbers.knows(sender))).toEqual([true, false, true]);
});

test('a sender is remembered through an outage of hours, and not for ever', () => {
  const numbers = new TakenNumbers();
  numbers.take('a', 1, 0);
  expect(numbers.take('a', 1, 23 * HOUR_MS)).toBe('last');
  numbers.take('b', 1, 40 * HOUR_MS);
  expect(numbers.knows('a')).toBe(true);
  numbers.take('b', 2, 48 * HOUR_MS);
  expect(numbers.knows('a')).toBe(false);
});
