import { DEFAULT_CONNECTIONS } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { warnOfFewFiles } from './file-limit.ts';

test.each([
  ['too low', 5_000, 1_024, 1],
  ['enough for the clients alone', 5_000, 5_000, 1],
  ['enough', 5_000, 10_000, 0],
  ['too low for a bound that the config does not set', DEFAULT_CONNECTIONS, 1_024, 0],
])('a limit of open files that is %s', (_, connections, files, warnings) => {
  const logged: string[] = [];
  warnOfFewFiles(pino({}, { write: (line) => logged.push(line) }), connections, files);
  expect(logged).toHaveLength(warnings);
});
