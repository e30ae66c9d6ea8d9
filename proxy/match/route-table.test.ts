import { configSchema, type FicusConfig } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { readFields } from '../accept/inspected-head.ts';
import { explainMatch } from '../explain/explain-match.ts';
import { canonicalPath } from '../wire/canonical-path.ts';
import { buildRouteTable, checkRoutes } from './route-table.ts';

type Route = Record<string, unknown>;

function config(...slices: Route[][]): FicusConfig {
  const named = slices.map((routes, index) => [
    `s${index}`,
    { candidate: { url: 'http://127.0.0.1:2' }, routes },
  ]);
  return configSchema.parse({
    version: 1,
    legacy: { url: 'http://127.0.0.1:1' },
    flags: { provider: 'file', file: 'x' },
    slices: Object.fromEntries(named),
  });
}

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
  const built = config([
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
  test('explained', () => {
    expect(explainMatch(built, 'GET', '/files/new?x')).toMatchObject({
      kind: 'matched',
      winner: { route: 'fixed' },
      others: [{ route: 'any' }, { route: 'one' }],
    });
    expect(explainMatch(built, 'GET', '/elsewhere')).toMatchObject({ kind: 'no-route' });
    expect(explainMatch(built, 'GET', '/files/%zz')).toMatchObject({ kind: 'refused' });
  });
});

describe('escapes', () => {
  const built = config([
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
    const built = config([
      { id: 'any', path: '/a/:x' },
      { id: 'fixed', path: '/a/b', host: 'one.example' },
    ]);
    expect(find(built, 'GET', '/a/b', { host: 'one.example' })).toBe('fixed');
    expect(find(built, 'GET', '/a/b', { host: 'two.example' })).toBe('any');
  });
  test('CVE-2026-55602: hosts match whole', () => {
    const built = config([
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
    const built = config([
      { id: 'v2', path: '/q', query: { v: '2' } },
      { id: 'old', path: '/q', cookies: { age: { regex: '[0-9]+' } } },
    ]);
    expect(find(built, 'GET', '/q', { query: '?a=1&v=2' })).toBe('v2');
    expect(find(built, 'GET', '/q', { headers: ['cookie', 'stage=1; age=42'] })).toBe('old');
    expect(find(built, 'GET', '/q', { headers: ['cookie', 'image=1; age=4x'] })).toBeUndefined();
    expect(find(built, 'GET', '/q', { headers: ['cookie', 'xage=42'] })).toBeUndefined();
  });
});

test('an explanation knows header and cookie conditions to hold', () => {
  const built = config([
    { id: 'any', path: '/a' },
    {
      id: 'beta',
      path: '/a',
      headers: { 'x-beta': 'yes' },
      cookies: { stage: '2' },
      query: { v: '2', w: '3' },
    },
  ]);
  const url = 'http://shop.example/a?v=2&w=3';
  const headers = ['X-Beta', 'yes', 'Cookie', 'a=1', 'cookie', 'stage=2'];
  expect(explainMatch(built, 'GET', url, { headers })).toMatchObject({
    winner: { route: 'beta', conditions: 4 },
    missed: [],
  });
  expect(explainMatch(built, 'GET', url, { headers: ['X-Beta', 'yes'] })).toMatchObject({
    winner: { route: 'any' },
    missed: [{ route: 'beta', unmet: ['cookie stage is “2”'] }],
  });
});

test('the client’s address', () => {
  const built = config([
    { id: 'any', path: '/a' },
    { id: 'office', path: '/a', clientAddress: ['10.0.0.0/8', '2001:db8::/32'] },
  ]);
  expect(find(built, 'GET', '/a', { client: '10.1.2.3' })).toBe('office');
  expect(find(built, 'GET', '/a', { client: '2001:db8::7' })).toBe('office');
  expect(find(built, 'GET', '/a', { client: '203.0.113.9' })).toBe('any');
  const needs = ['client address is in 10.0.0.0/8, 2001:db8::/32'];
  expect(explainMatch(built, 'GET', '/a', { clientAddress: '10.1.2.3' })).toMatchObject({
    winner: { route: 'office', needs },
    why: 'it has the most conditions',
    missed: [],
  });
  expect(explainMatch(built, 'GET', '/a')).toMatchObject({
    winner: { route: 'any' },
    missed: [{ route: 'office', unmet: needs }],
  });
});

describe('checkRoutes', () => {
  test('unreachable routes and invalid patterns', () => {
    const built = config(
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
  test('the same pattern under other conditions is fine', () => {
    const routes = Array.from({ length: 50 }, (_, at) => ({
      id: `r${at}`,
      path: '/x',
      query: { v: `${at}` },
    }));
    const built = config(routes);
    expect(checkRoutes(built)).toEqual([]);
    expect(find(built, 'GET', '/x', { query: '?v=49' })).toBe('r49');
  });
});

test('an impossible method is refused at its place in the config', () => {
  const built = config([{ id: 'a', path: '/a', methods: ['GET', 'FETCH'] }]);
  expect(checkRoutes(built)).toEqual([
    {
      path: ['slices', 's0', 'routes', 0, 'methods'],
      message: 'FETCH is not a method that HTTP servers know',
    },
  ]);
});
