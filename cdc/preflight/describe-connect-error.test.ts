import { expect, test } from 'vitest';
import { addressOf, describeConnectError } from './describe-connect-error.ts';

const URL = 'postgres://me:top%20secret@db.example:5433/shop%20floor';

test.each([
  ['ECONNREFUSED', 'Database “shop floor” cannot be reached: nothing listens on db.example:5433.'],
  ['ENOTFOUND', 'Database “shop floor” cannot be reached: there is no host “db.example”.'],
  ['ETIMEDOUT', 'Database “shop floor” cannot be reached: db.example:5433 does not answer.'],
  ['28P01', 'Database “shop floor” on db.example:5433 refuses the password of user “me”.'],
  ['3D000', 'There is no database “shop floor” on db.example:5433.'],
  ['53300', 'Database “shop floor” on db.example:5433 has no connection left for user “me”.'],
])('%s', (code, sentence) => {
  expect(describeConnectError(URL, Object.assign(new Error('x'), { code }))).toBe(sentence);
});

test('several addresses of one name fail as one', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  expect(describeConnectError(URL, new AggregateError([refused, refused]))).toContain('nothing listens');
});

test('an unknown failure keeps its first line, and never the password', () => {
  const sentence = describeConnectError(URL, new Error('odd things\n at stack'));
  expect(sentence).toBe('Database “shop floor” on db.example:5433 cannot be used: odd things.');
  expect(addressOf('postgres://')).toMatchObject({ port: '5432' });
});
