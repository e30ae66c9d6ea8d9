import { expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

const DATABASE_URL = 'postgres://shop@127.0.0.1/shop';

it('needs no more than a database', () => {
  expect(readEnvironment({ DATABASE_URL })).toEqual({
    ok: true,
    environment: {
      host: '127.0.0.1',
      port: 0,
      databaseUrl: DATABASE_URL,
      databasePool: 10,
      logLevel: 'info',
      reminderIntervalMs: 1000,
    },
  });
});

it('takes the toolkit’s log level before the general one', () => {
  expect(readEnvironment({ DATABASE_URL, FICUS_LOG_LEVEL: 'warn', LOG_LEVEL: 'debug' })).toMatchObject({
    environment: { logLevel: 'warn' },
  });
});

it('names all problems at once', () => {
  const result = readEnvironment({
    PORT: '-1',
    REMINDER_INTERVAL_MS: 'soon',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'x',
  });
  expect(result.ok ? [] : result.problems.map((problem) => problem.split(' ')[0])).toEqual([
    'PORT',
    'DATABASE_URL',
    'LOG_LEVEL',
    'REMINDER_INTERVAL_MS',
  ]);
});
