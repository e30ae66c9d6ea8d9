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
      notificationsApiUrl: undefined,
      internalToken: undefined,
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

it('knows another API of notifications by its address and a token', () => {
  const [NOTIFICATIONS_API_URL, INTERNAL_TOKEN] = ['http://127.0.0.1:8080/', '0123456789abcdef'];
  expect(readEnvironment({ DATABASE_URL, NOTIFICATIONS_API_URL, INTERNAL_TOKEN })).toMatchObject({
    environment: { notificationsApiUrl: 'http://127.0.0.1:8080', internalToken: INTERNAL_TOKEN },
  });
  for (const environment of [
    { NOTIFICATIONS_API_URL },
    { NOTIFICATIONS_API_URL: '127.0.0.1:8080', INTERNAL_TOKEN },
    { INTERNAL_TOKEN: 'short' },
  ])
    expect(readEnvironment({ DATABASE_URL, ...environment })).toMatchObject({
      ok: false,
      problems: [expect.any(String)],
    });
});
