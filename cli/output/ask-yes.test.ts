import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askYes } from './ask-yes.ts';

test.each([
  ['y\n', true],
  [' YES \r', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
  // Ctrl-C, Ctrl-D.
  ['\u0003', false],
  ['y\u0003', false],
  ['\u0004', false],
])('%j: %s', async (typed, expected) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const agreed = askYes('Run this SQL?', input, output);
  input.write(typed);
  expect(await agreed).toBe(expected);
  expect(String(output.read())).toContain('Run this SQL? [y/N] ');
});

test('the end of the input is a no', async () => {
  const input = new PassThrough();
  const agreed = askYes('Run this SQL?', input, new PassThrough());
  input.end();
  expect(await agreed).toBe(false);
});
