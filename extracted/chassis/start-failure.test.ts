import { expect, it } from 'vitest';
import { describeStartFailure } from './start-failure.ts';

const facts = {
  databaseUrl: 'postgres://shop:secret@db.example.test/shop',
  listen: { host: '127.0.0.1', port: 3000 },
};

it.each([
  [{ code: 'EADDRINUSE', syscall: 'listen' }, 'Port 3000 on 127.0.0.1 is taken'],
  [{ code: 'EACCES', syscall: 'listen' }, 'Cannot listen on 127.0.0.1:3000 (EACCES)'],
  [
    { code: 'ECONNREFUSED', syscall: 'connect' },
    'Cannot use PostgreSQL at db.example.test:5432/shop (ECONNREFUSED)',
  ],
  [{ code: '3D000' }, 'There is no database at db.example.test:5432/shop'],
  [{ code: '28P01' }, 'PostgreSQL refused the user of DATABASE_URL'],
  [{ code: '42501' }, 'may not create the tables'],
  [new Error('timeout expired'), '(timeout expired)'],
  [undefined, '(unknown reason)'],
])('says in a sentence what to do about %j', (error, words) => {
  const sentence = describeStartFailure(error, facts);
  expect(sentence).toContain(words);
  expect(sentence).not.toContain('secret');
  expect(sentence).not.toContain('\n');
});

it('an invalid HOST is not mistaken for an unreachable database', () => {
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND conda'), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: 'conda',
  });
  const databaseUrl = 'postgres://u@127.0.0.1:5432/shop';
  expect(describeStartFailure(error, { databaseUrl, listen: { host: 'conda', port: 0 } })).toMatch(
    /^HOST is conda/,
  );
  expect(describeStartFailure(error, { databaseUrl, listen: { host: '127.0.0.1', port: 0 } })).toMatch(
    /^Cannot use PostgreSQL/,
  );
});
