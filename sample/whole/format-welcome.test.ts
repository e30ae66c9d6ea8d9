import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatFarewell } from './format-welcome.ts';

const commandOf = (directory: string) =>
  /rm -rf (.*)/.exec(formatFarewell(join(process.cwd(), directory)))?.[1];

test('the sample’s own directory goes as a whole', () => {
  expect(commandOf('.ficus/sample')).toBe('.ficus/sample');
});

test('of any other directory only the sample’s own files', () => {
  expect(commandOf('work')).toBe('work/postgres work/logs work/ficus.yaml work/postgres.log');
  expect(commandOf('.')).toBe('postgres logs ficus.yaml postgres.log');
});

test('a path that a shell would read otherwise is quoted', () => {
  expect(commandOf("it's/.ficus/sample")).toBe("'it'\\''s/.ficus/sample'");
});
