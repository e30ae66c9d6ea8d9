import { expect, test } from 'vitest';
import { createScreen, fitFacts } from './screen.ts';

test('a narrow terminal shows complete facts, and no half figure', () => {
  const text = '  1,200 requests · lag 12 ms · p99 9 ms';
  expect(fitFacts(text, 80)).toBe(text);
  expect(fitFacts(text, 38)).toBe('  1,200 requests · lag 12 ms');
  expect(fitFacts(text, 30)).toBe('  1,200 requests · lag 12 ms');
  expect(fitFacts(text, 10)).toBe('  1,200 re');
});

function open() {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  return { screen: createScreen(stream as unknown as NodeJS.WriteStream), written };
}

test('the live line is cleared at the end, and nothing is written without one', () => {
  const { screen, written } = open();
  screen.live('seed');
  screen.end();
  expect(written.at(-1)).toBe('\r\u001b[2K');
  const other = open();
  other.screen.end();
  expect(other.written).toEqual([]);
});

test('after the end nothing is shown', () => {
  const { screen, written } = open();
  screen.end();
  screen.live('seed');
  screen.say('seeded');
  screen.heading('legacy');
  expect(written).toEqual([]);
});
