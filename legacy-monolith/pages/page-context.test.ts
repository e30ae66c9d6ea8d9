import { expect, it } from 'vitest';
import { localPath } from './page-context.ts';

it.each(['/', '/orders/5', '/inbox?before=3&x=%2F'])('lets a path of this site through: %s', (path) => {
  expect(localPath(path, '/home')).toBe(path);
});

it.each([
  undefined,
  '',
  'orders',
  'https://evil.test',
  '//evil.test',
  '/\\evil.test',
  '/a\\b',
  '/a\nb',
  '/\t/evil.test',
])('falls back for %j', (path) => {
  expect(localPath(path, '/home')).toBe('/home');
});
