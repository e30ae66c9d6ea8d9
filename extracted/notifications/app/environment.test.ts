import { expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

const DATABASE_URL = 'postgres://notifications@127.0.0.1/notifications';
const IDENTITY_SECRET = '0123456789abcdef';

it('needs a database and the secret of identities', () => {
  expect(readEnvironment({ DATABASE_URL, IDENTITY_SECRET })).toEqual({
    ok: true,
    environment: {
      host: '127.0.0.1',
      port: 0,
      databaseUrl: DATABASE_URL,
      databasePool: 10,
      identitySecret: IDENTITY_SECRET,
      internalToken: undefined,
      logLevel: 'info',
      plantedBug: false,
    },
  });
});

it('refuses a secret that is too short, without repeating it', () => {
  const result = readEnvironment({ DATABASE_URL, IDENTITY_SECRET: 'hunter2', INTERNAL_TOKEN: 'hunter2' });
  expect(result).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('INTERNAL_TOKEN'), expect.stringContaining('IDENTITY_SECRET')],
  });
  expect(JSON.stringify(result)).not.toContain('hunter2');
});
