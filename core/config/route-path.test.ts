import { describe, expect, test } from 'vitest';
import { hostProblem, methodProblem, pathProblem } from './route-path.ts';

describe('a path', () => {
  test.each([
    '/',
    '/orders',
    '/orders/',
    '/orders/:id',
    '/orders/:id?',
    '/orders/:id(\\d+)',
    '/orders/:id([^/?#;]+)/lines',
    '/files/*',
    '/docs/:name.pdf',
    '/.well-known/x',
    '/a...b/..c',
    '/[...slug]',
    '/men\u00fc/stra\u00dfe',
    '/with space',
    '/100%25',
    '/a%2Fb',
    '/caf%C3%A9',
    '/~me/$x&y=z,+@',
    '/a::b',
  ])('%s may be matched', (pattern) => expect(pathProblem(pattern)).toBeUndefined());

  test.each([
    ['/list?page=2', 'under `query`', '/list'],
    ['/list/:id?/x', 'under `query`', '/list/:id'],
    ['/list#top', 'fragment', '/list'],
    ['/a%3fb%e4', 'upper case', '/a%3Fb%E4'],
    ['/%6frders/%2D', 'upper case', '/orders/-'],
    ['/100%', 'written %25', '/100%25'],
    ['/a\\b', 'written %5C', '/a%5Cb'],
    ['/a%00b', 'ends there', '/a'],
    ['/a///b//', 'doubled', '/a/b/'],
    ['//', 'doubled', '/'],
    ['/a/./b/../c', 'dot segments', '/a/c'],
    ['/a/..', 'dot segments', '/'],
    ['/../a/.', 'dot segments', '/a/'],
    ['/a;v=1/:id(\\d+);w', 'semicolon', '/a/:id(\\d+)'],
    ['/users/{id}/posts', 'colon', '/users/:id/posts'],
    ['/users/<int:id>', 'colon', '/users/:id'],
  ])('%s is refused: %s', (pattern, why, instead) => {
    expect(pathProblem(pattern)).toContain(why);
    expect(pathProblem(pattern)).toMatch(/Write \S+$/);
    expect(pathProblem(pattern)!.split('Write ')[1]).toBe(instead);
    expect(pathProblem(instead)).toBeUndefined();
  });
});

describe('a host', () => {
  test.each(['shop.example.com', '*.example.com', 'localhost', 'a_b.test', 'SHOP.test', '[::1]', '10.0.0.1'])(
    '%s may be matched',
    (host) => expect(hostProblem(host)).toBeUndefined(),
  );

  test.each([
    ['shop.test:443', 'shop.test'],
    ['https://shop.test', 'shop.test'],
    ['https://user@shop.test:8443/path', 'shop.test'],
    ['shop.test/', 'shop.test'],
    ['shop.test.', 'shop.test'],
    ['*.shop.test:80', '*.shop.test'],
    ['::1', '[::1]'],
    ['b\u00fccher.example', 'xn--bcher-kva.example'],
  ])('%s is refused: write %s', (host, instead) => {
    expect(hostProblem(host)!.split('Write ')[1]).toBe(instead);
    expect(hostProblem(instead)).toBeUndefined();
  });

  test.each(['*', 'api.*', '*.*.test', 'a..b', 'two words', ''])('%j is no host name', (host) => {
    expect(hostProblem(host)).toContain('is not a host name');
  });
});

test('methods that are never served', () => {
  expect(['GET', 'TRACE', 'CONNECT', 'BREW'].filter(methodProblem)).toEqual(['TRACE', 'CONNECT']);
});
