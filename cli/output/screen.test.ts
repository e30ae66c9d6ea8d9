import { expect, test } from 'vitest';
import { Screen } from './screen.ts';

test('a long line continues on the next one, and counts as two', () => {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 30, rows: 4, write: (text: string) => written.push(text) };
  const text = '  problem   Column “rating” was added: ALTER TABLE\n  last';
  new Screen(stream as unknown as NodeJS.WriteStream).show(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences of the terminal are control characters
  expect(written.join('').replace(/\u001b\[[?\d]*[a-zA-Z]/g, '')).toBe(
    '  problem   Column “rating”\n            was added: ALTER\n… 2 more lines: the window is too small\n',
  );
});
