import pino from 'pino';
import { expect, test } from 'vitest';
import { warnOfFewFiles } from './file-limit.ts';

test.each([
  ['too low', 1_024, 1],
  ['enough for the clients alone', 20_000, 1],
  ['enough', 40_000, 0],
])('a limit of open files that is %s', (_, files, warnings) => {
  const logged: string[] = [];
  warnOfFewFiles(pino({}, { write: (line) => logged.push(line) }), 20_000, files);
  expect(logged).toHaveLength(warnings);
});
