import { expect, test } from 'vitest';
import { readDatabaseUrl, withoutPassword, withPassword } from './database-url.ts';

test.each([
  ['postgres://ida:p%40@h:6432/db', ['h', '6432', 'db', 'ida', 'p@']],
  ['postgresql://[::1]/db', ['::1', '5432', 'db', '', '']],
  ['postgres://ida:pw@/shop', ['localhost', '5432', 'shop', 'ida', 'pw']],
  ['postgres://ida:pw@/shop?host=/run/pg', ['/run/pg', '5432', 'shop', 'ida', 'pw']],
  ['postgres:///shop?host=/run/pg&port=5433&user=ida&password=pw', ['/run/pg', '5433', 'shop', 'ida', 'pw']],
  ['postgres://unused@h/shop?user=ida', ['h', '5432', 'shop', 'ida', '']],
])('%s is read as pg reads it', (url, [host, port, database, user, password]) => {
  expect(readDatabaseUrl(url)).toEqual({ host, port, database, user, password });
});

test.each([
  ['postgres://ida:hunter2@h/db?sslpassword=x&sslmode=require', 'postgres://ida@h/db?sslmode=require'],
  ['postgres://ida:hunter2@/db', 'postgres://ida@/db'],
  ['postgres:///db?user=ida&password=hunter2', 'postgres:///db?user=ida'],
  ['postgres://:hunter2@/db', 'postgres:///db'],
])('%s keeps its user, and loses its password wherever it stands', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});

test.each([
  'postgres://ida@/db?host=%2Frun%2Fpg',
  'postgres://ida@h:1/db',
  'postgres:///db?host=%2Frun%2Fpg&user=ida',
])('%s takes a password', (url) => {
  const made = withPassword(url, 'p@/% ?');
  expect(readDatabaseUrl(made)).toEqual({ ...readDatabaseUrl(url), password: 'p@/% ?' });
  expect(withoutPassword(made)).toBe(url);
});
