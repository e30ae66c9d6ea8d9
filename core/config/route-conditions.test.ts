import { expect, test } from 'vitest';
import { z } from 'zod';
import { routeConditions } from './route-conditions.ts';

const schema = z.strictObject(routeConditions);
const problems = (conditions: object) =>
  schema.safeParse(conditions).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];

test.each([
  ['spaces before a header’s value', { headers: { 'x-beta': ' yes' } }, 'headers.x-beta: matches no request'],
  ['a line break in it', { headers: { 'x-beta': 'a\nb' } }, 'headers.x-beta: matches no request'],
  ['a character beyond Latin-1', { headers: { 'x-beta': '5 €' } }, 'headers.x-beta: matches no request'],
  ['a semicolon in a cookie’s value', { cookies: { beta: 'a;b' } }, 'cookies.beta: matches no request'],
  ['quotes around it', { cookies: { beta: '"a"' } }, 'cookies.beta: matches no request'],
  ['spaces behind it', { cookies: { beta: 'a ' } }, 'cookies.beta: matches no request'],
  ['a semicolon in a cookie’s name', { cookies: { 'a;b': 'c' } }, 'cookies.a;b: Invalid key'],
  ['spaces around it', { cookies: { ' a': { present: true } } }, 'cookies. a: Invalid key'],
])('%s: refused', (_, conditions, problem) => {
  expect(problems(conditions)).toEqual([expect.stringContaining(problem)]);
});

test.each([
  { headers: { 'x-beta': '' }, cookies: { beta: '' } },
  { headers: { 'x-beta': 'a b;c', 'x-name': 'é' } },
  { cookies: { beta: 'a b="c"', 'a=b': { regex: ' .*;' } } },
  { query: { 'a&b;c': ' d ', '': '€' } },
])('%j may be matched', (conditions) => expect(problems(conditions)).toEqual([]));
