import { expect, test } from 'vitest';
import { isComparable, isIdempotent, isSafe } from './methods.ts';

test.each([
  ['GET', true, true, true],
  ['HEAD', true, true, true],
  ['OPTIONS', true, true, false],
  ['PUT', false, true, false],
  ['DELETE', false, true, false],
  ['POST', false, false, false],
  ['PATCH', false, false, false],
  ['TRACE', false, false, false],
  ['CONNECT', false, false, false],
  ['PROPFIND', false, false, false],
  ['get', false, false, false],
])('%s: safe %s, idempotent %s, comparable %s', (method, safe, idempotent, comparable) => {
  expect([isSafe(method), isIdempotent(method), isComparable(method)]).toEqual([
    safe,
    idempotent,
    comparable,
  ]);
});
