import { expect, test } from 'vitest';
import { fitFacts } from './screen.ts';

test('a narrow terminal shows whole facts, and no half a figure', () => {
  const text = '  1,200 requests · lag 12 ms · p99 9 ms';
  expect(fitFacts(text, 80)).toBe(text);
  expect(fitFacts(text, 38)).toBe('  1,200 requests · lag 12 ms');
  expect(fitFacts(text, 30)).toBe('  1,200 requests · lag 12 ms');
  expect(fitFacts(text, 10)).toBe('  1,200 re');
});
