import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askName, requireAnswerable } from './ask-name.ts';

test.each([
  ['notes\n', true],
  [' notes \r', true],
  ['y\n', false],
  ['note\n', false],
  ['Notes\n', false],
  ['\n', false],
  // Ctrl-C, Ctrl-D.
  ['notes\u0003', false],
  ['\u0004', false],
])('%j: %s', async (typed, expected) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const agreed = askName('There is no way back.', 'notes', input, output);
  input.write(typed);
  expect(await agreed).toBe(expected);
  expect(String(output.read())).toContain('There is no way back. Type notes to confirm: ');
});

test('what stands in the question cannot write to the terminal', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const agreed = askName('Rows of a\u001b[2J\nb.', 'notes', input, output);
  input.write('\n');
  await agreed;
  expect(String(output.read())).toContain('Rows of a\\u001b[2J\\nb. Type notes');
});

test('a program that cannot be asked has to say --yes', () => {
  expect(() => requireAnswerable({ json: true }, 'it cannot be undone')).toThrow(
    'give --yes: it cannot be undone',
  );
  expect(() => requireAnswerable({ json: true, yes: true }, '')).not.toThrow();
});
