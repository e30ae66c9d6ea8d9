import { expect, test } from 'vitest';
import { decideBatch } from './decide-batch.ts';
import { TakenNumbers } from './taken-numbers.ts';

const STARTED = 100_000;
const first = { sender: 'w', number: 1 };

test('a batch is compared once, whichever of its tries arrives', () => {
  const numbers = new TakenNumbers();
  expect(decideBatch(first, numbers, STARTED, STARTED)).toBe('compare');
  expect(decideBatch({ ...first, firstSentMs: 5_000 }, numbers, STARTED, STARTED + 6_000)).toBe('taken');
  // The first try of the second one was lost.
  const second = { sender: 'w', number: 2, firstSentMs: 5_000 };
  expect(decideBatch(second, numbers, STARTED, STARTED + 7_000)).toBe('compare');
  expect(decideBatch({ sender: 'w', number: 2 }, numbers, STARTED, STARTED + 8_000)).toBe('taken');
});

test('a second try whose first one may have reached an earlier process is unknown, and stays so', () => {
  const numbers = new TakenNumbers();
  const again = { ...first, firstSentMs: 5_000 };
  expect(decideBatch(again, numbers, STARTED, STARTED + 4_000)).toBe('unknown');
  expect(decideBatch(again, numbers, STARTED, STARTED + 5_000)).toBe('unknown');
  expect(numbers.knows('w')).toBe(false);
});

test('a second try whose first one certainly came to this process is compared', () => {
  const again = { ...first, firstSentMs: 5_000 };
  expect(decideBatch(again, new TakenNumbers(), STARTED, STARTED + 60_000)).toBe('compare');
});

test('a proxy of an earlier version has no numbers: its batches are compared', () => {
  const numbers = new TakenNumbers();
  for (let time = 0; time < 2; time += 1) expect(decideBatch({}, numbers, STARTED, STARTED)).toBe('compare');
});
