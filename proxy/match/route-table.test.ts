import type { FicusConfig } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { readFields } from '../accept/inspected-head.ts';
import { canonicalPath } from '../wire/canonical-path.ts';
import { configOf } from './route-config.fixture.ts';
import { buildRouteTable, checkRoutes, compilePattern } from './route-table.ts';

interface Request {
  readonly host?: string;
  readonly headers?: string[];
  readonly query?: string;
  readonly client?: string;
}

function find(built: FicusConfig, method: string, path: string, request: Request = {}): string | undefined {
  const facts = readFields(['host', request.host ?? 'shop.example', ...(request.headers ?? [])]);
  facts.target = `${path}${request.query ?? ''}`;
  facts.peer = request.client ?? '';
  return buildRouteTable(built).find(method, path, facts)?.route.id;
}

describe('precedence', () => {
  const built = configOf([
    { id: 'any', path: '/files/*' },
    { id: 'one', path: '/files/:name' },
    { id: 'fixed', path: '/files/new' },
    { id: 'beta', path: '/files/:name', headers: { 'x-beta': 'yes' } },
    {
      id: 'beta-cookie',
      path: '/files/:name',
      headers: { 'x-beta': 'yes' },
      cookies: { b: { present: true } },
    },
  ]);
  test('static before parameter before wildcard', () => {
    expect(find(built, 'GET', '/files/new')).toBe('fixed');
    expect(find(built, 'GET', '/files/a')).toBe('one');
    expect(find(built, 'GET', '/files/a/b')).toBe('any');
    expect(find(built, 'POST', '/files/a')).toBeUndefined();
    expect(find(built, 'BREW', '/files/a')).toBeUndefined();
  });
  test('more conditions win', () => {
    expect(find(built, 'GET', '/files/a', { headers: ['X-Beta', 'yes'] })).toBe('beta');
    expect(find(built, 'GET', '/files/a', { headers: ['X-Beta', 'yes', 'cookie', 'b='] })).toBe(
      'beta-cookie',
    );
    expect(find(built, 'GET', '/files/a', { headers: ['X-Beta', 'no'] })).toBe('one');
  });
});

describe('escapes', () => {
  const built = configOf([
    { id: 'one', path: '/files/:name' },
    { id: 'letters', path: '/café' },
  ]);
  const matched = (target: string) => {
    const path = canonicalPath(target);
    return typeof path === 'string' ? find(built, 'GET', path) : 'refused';
  };
  test('an escaped segment stays one segment, whatever it decodes to', () => {
    for (const name of ['a%2Fb', '%ff', '%25', '%252F', '%C3%A9', 'a%3Fb', '100%25']) {
      expect(matched(`/files/${name}`)).toBe('one');
    }
    expect(matched('/files%2Fa')).toBeUndefined();
  });
  test('a pattern with letters that arrive escaped', () => {
    expect(matched('/caf%c3%a9')).toBe('letters');
    expect(matched('/caf%25C3%25A9')).toBeUndefined();
  });
});

describe('conditions', () => {
  test('a condition that does not hold lets a less specific pattern win', () => {
    const built = configOf([
      { id: 'any', path: '/a/:x' },
      { id: 'fixed', path: '/a/b', host: 'one.example' },
    ]);
    expect(find(built, 'GET', '/a/b', { host: 'one.example' })).toBe('fixed');
    expect(find(built, 'GET', '/a/b', { host: 'two.example' })).toBe('any');
  });
  test('CVE-2026-55602: hosts match whole', () => {
    const built = configOf([
      { id: 'exact', path: '/', host: 'localhost' },
      { id: 'label', path: '/', host: '*.shop.example' },
    ]);
    expect(find(built, 'GET', '/', { host: 'LOCALHOST:3000' })).toBe('exact');
    expect(find(built, 'GET', '/', { host: 'localhost.' })).toBe('exact');
    expect(find(built, 'GET', '/', { host: 'evillocalhost:3000' })).toBeUndefined();
    expect(find(built, 'GET', '/', { host: 'localhost.evil' })).toBeUndefined();
    expect(find(built, 'GET', '/', { host: 'a.shop.example' })).toBe('label');
    expect(find(built, 'GET', '/', { host: 'a.b.shop.example' })).toBeUndefined();
    expect(find(built, 'GET', '/', { host: '.shop.example' })).toBeUndefined();
  });
  test('query and cookies', () => {
    const built = configOf([
      { id: 'v2', path: '/q', query: { v: '2' } },
      { id: 'old', path: '/q', cookies: { age: { regex: '[0-9]+' } } },
    ]);
    expect(find(built, 'GET', '/q', { query: '?a=1&v=2' })).toBe('v2');
    expect(find(built, 'GET', '/q', { headers: ['cookie', 'stage=1; age=42'] })).toBe('old');
    expect(find(built, 'GET', '/q', { headers: ['cookie', 'image=1; age=4x'] })).toBeUndefined();
    expect(find(built, 'GET', '/q', { headers: ['cookie', 'xage=42'] })).toBeUndefined();
  });
});

test('the client’s address', () => {
  const built = configOf([
    { id: 'any', path: '/a' },
    { id: 'office', path: '/a', clientAddress: ['10.0.0.0/8', '2001:db8::/32'] },
  ]);
  expect(find(built, 'GET', '/a', { client: '10.1.2.3' })).toBe('office');
  expect(find(built, 'GET', '/a', { client: '2001:db8::7' })).toBe('office');
  expect(find(built, 'GET', '/a', { client: '203.0.113.9' })).toBe('any');
});

describe('HEAD', () => {
  test('goes where GET goes, unless a route names it', () => {
    const built = configOf([
      { id: 'read', path: '/a/:x', methods: ['GET', 'POST'] },
      { id: 'any', path: '/*' },
      { id: 'post', path: '/p', methods: ['POST'] },
      { id: 'get', path: '/b', methods: ['GET'] },
      { id: 'head', path: '/b', methods: ['HEAD'] },
      { id: 'beta', path: '/b', methods: ['GET'], host: 'beta.test' },
    ]);
    expect(checkRoutes(built)).toEqual([]);
    expect(find(built, 'HEAD', '/a/1')).toBe('read');
    expect(find(built, 'HEAD', '/p')).toBe('any');
    expect(find(built, 'HEAD', '/b')).toBe('head');
    expect(find(built, 'GET', '/b')).toBe('get');
    expect(find(built, 'HEAD', '/b', { host: 'beta.test' })).toBe('beta');
  });

  test('under another name of the parameter, the route that names it wins', () => {
    const built = configOf([
      { id: 'get', path: '/a/:x', methods: ['GET'] },
      { id: 'head', path: '/a/:y', methods: ['HEAD'] },
    ]);
    expect(checkRoutes(built)).toEqual([]);
    expect([find(built, 'HEAD', '/a/1'), find(built, 'GET', '/a/1')]).toEqual(['head', 'get']);
  });

  test('a pattern takes it as well', () => {
    const takes = compilePattern({ methods: ['GET'], path: '/a' }, built().legacy.paths);
    expect([takes('GET', '/a'), takes('HEAD', '/a'), takes('POST', '/a')]).toEqual([true, true, false]);
    expect(compilePattern({ methods: ['POST'], path: '/a' }, built().legacy.paths)('HEAD', '/a')).toBe(false);
  });

  const built = () => configOf([{ id: 'a', path: '/a' }]);
});

describe('a CORS preflight', () => {
  const built = configOf([
    { id: 'list', path: '/notes', methods: ['GET'] },
    { id: 'add', path: '/notes', methods: ['POST'] },
    { id: 'own', path: '/own', methods: ['GET', 'OPTIONS'] },
    { id: 'hosted', path: '/notes', methods: ['PUT'], host: 'api.test' },
  ]);
  const preflight = (path: string, method: string, host?: string) =>
    find(built, 'OPTIONS', path, {
      headers: ['Access-Control-Request-Method', method],
      ...(host && { host }),
    });

  test('finds the route of the request that it announces', () => {
    expect(preflight('/notes', 'GET')).toBe('list');
    expect(preflight('/notes', 'POST')).toBe('add');
    expect(preflight('/notes', 'HEAD')).toBe('list');
    expect(preflight('/notes', 'DELETE')).toBeUndefined();
    expect(preflight('/notes', 'PUT')).toBeUndefined();
    expect(preflight('/notes', 'PUT', 'api.test')).toBe('hosted');
    expect(preflight('/own', 'DELETE')).toBe('own');
    expect(find(built, 'OPTIONS', '/notes')).toBeUndefined();
    for (const odd of ['OPTIONS', '__proto__', 'get', 'BREW'])
      expect(preflight('/notes', odd)).toBeUndefined();
  });
});

describe('checkRoutes', () => {
  test('unreachable routes and invalid patterns', () => {
    const built = configOf(
      [
        { id: 'a', path: '/x/:id' },
        { id: 'b', path: '/x/:id' },
      ],
      [
        { id: 'c', path: '/x/:other' },
        { id: 'd', path: '/y/:bad(' },
      ],
    );
    expect(checkRoutes(built).map(({ path }) => path.join('.'))).toEqual(
      ['s0.routes.1.path', 's1.routes.0.path', 's1.routes.1.path'].map((path) => `slices.${path}`),
    );
  });
  test('the same pattern under the same conditions', () => {
    const twice = { path: '/x', host: 'a.test', headers: { 'x-a': '1' } };
    const built = configOf([
      { id: 'a', ...twice },
      { id: 'b', ...twice, methods: ['POST', 'GET'] },
      { id: 'c', ...twice, query: { v: '1' } },
    ]);
    expect(checkRoutes(built)).toEqual([
      {
        path: ['slices', 's0', 'routes', 1, 'path'],
        message:
          'is never reached: s0/a matches the same requests. Remove one of the two, or add a condition',
      },
    ]);
  });
  test('patterns that are the same for the monolith', () => {
    const built = configOf([
      { id: 'a', path: '/notes' },
      { id: 'b', path: '/Notes/' },
    ]);
    expect(checkRoutes(built)).toEqual([]);
    built.legacy.paths = { ignoreCase: true, ignoreTrailingSlash: true };
    expect(checkRoutes(built)).toMatchObject([{ path: ['slices', 's0', 'routes', 1, 'path'] }]);
  });
  test('the same pattern under other conditions is fine', () => {
    const routes = Array.from({ length: 50 }, (_, at) => ({
      id: `r${at}`,
      path: '/x',
      query: { v: `${at}` },
    }));
    const built = configOf(routes);
    expect(checkRoutes(built)).toEqual([]);
    expect(find(built, 'GET', '/x', { query: '?v=49' })).toBe('r49');
  });
});

test('an impossible method is refused at its place in the config', () => {
  const built = configOf([{ id: 'a', path: '/a', methods: ['GET', 'FETCH'] }]);
  expect(checkRoutes(built)).toEqual([
    {
      path: ['slices', 's0', 'routes', 0, 'methods'],
      message: 'FETCH is not a method that HTTP servers know',
    },
  ]);
});
