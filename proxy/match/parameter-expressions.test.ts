import { describe, expect, test } from 'vitest';
import { expressionProblem } from './parameter-expressions.ts';

describe('expressions of path parameters', () => {
  test.each([
    '/items/:id',
    '/files/*',
    '/a-:x/b.:y',
    '/items/:id(^\\d+$)',
    '/items/:id([^/]+)',
    '/at/:hour(^\\d{2})h:minute(^\\d{2})m',
    '/:file(^\\d+).png',
    '/:version(v[0-9]{1,3})/x',
    '/:kind(cats|dogs)/:id(\\d+)',
    '/:name([\\w.()-]+)',
  ])('%s', (pattern) => {
    expect(expressionProblem(pattern)).toBeUndefined();
  });

  test.each([
    '/:id((a+)+)',
    '/:id((?:a|a)*)',
    '/:id(\\d*\\d*\\d*x)',
    '/:id(.*.*=.*)',
    '/:a(\\w+)-:b(\\w+)-:c(\\w+)',
    '/:a-:b([\\w-]+)!',
    '/:id((?=a)a*)',
    '/:id((a)\\1)',
    '/:id(a|b+)',
    '/:bad(',
  ])('%s is refused', (pattern) => {
    expect(expressionProblem(pattern)).toContain('may take long');
  });
});
