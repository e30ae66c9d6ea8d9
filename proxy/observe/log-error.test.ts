import { expect, test } from 'vitest';
import { createLogger } from './create-logger.ts';

test('an error is logged without what a database says of rows', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => lines.push(line) });
  const refused = Object.assign(new Error('invalid input syntax for type uuid: "Ida Berg"'), {
    ...{ code: '22P02', detail: 'Failing row contains (7, Ida Berg).', severity: 'ERROR' },
  });
  logger.error({ err: new Error('stopped', { cause: refused }) }, 'stream stopped');
  logger.error({ err: refused }, 'stream stopped');
  expect(lines.join('')).not.toContain('Ida');
  expect(JSON.parse(lines[1]!)).toMatchObject({
    err: {
      code: '22P02',
      message: 'invalid input syntax for type uuid: "…"',
      stack: expect.stringContaining(' at '),
    },
  });
});
