import { afterEach, expect, it, vi } from 'vitest';
import { print, printJson } from './terminal.ts';

const stream = (isTTY: boolean) => {
  const written: string[] = [];
  return { isTTY, write: (text: string) => written.push(text), written };
};

afterEach(() => vi.restoreAllMocks());

it.each([
  [true, '\u001b[31m✗\u001b[39m a\\u001b[8m b\n'],
  [false, '\\u001b[31m✗\\u001b[39m a\\u001b[8m b\n'],
])('passes own colours on a terminal (%s), and no other sequence', (isTTY, expected) => {
  const out = stream(isTTY);
  print('\u001b[31m✗\u001b[39m a\u001b[8m b\n', out as never);
  expect(out.written.join('')).toBe(expected);
});

it('keeps JSON exact', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  printJson({ body: 'a\u009b31m\u202e\n' });
  const text = String(write.mock.calls[0]?.[0]);
  expect(JSON.parse(text)).toEqual({ body: 'a\u009b31m\u202e\n' });
  expect(text).not.toMatch(/[\u0080-\u009f\u202e]/);
});
