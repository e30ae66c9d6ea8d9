import { expect, test } from 'vitest';
import { createScreen, fitFacts } from './screen.ts';

test('a narrow terminal shows complete facts, and no half figure', () => {
  const text = '  1,200 requests · lag 12 ms · p99 9 ms';
  expect(fitFacts(text, 80)).toBe(text);
  expect(fitFacts(text, 38)).toBe('  1,200 requests · lag 12 ms');
  expect(fitFacts(text, 30)).toBe('  1,200 requests · lag 12 ms');
  expect(fitFacts(text, 10)).toBe('  1,200 re');
});

test('the live line is cleared at the end, and nothing is written without one', () => {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const screen = createScreen(stream as unknown as NodeJS.WriteStream);
  screen.end();
  expect(written).toEqual([]);
  screen.live('seed');
  screen.end();
  expect(written.at(-1)).toBe('\r\u001b[2K');
});
