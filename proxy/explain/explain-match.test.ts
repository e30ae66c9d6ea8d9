import { expect, test } from 'vitest';
import { configOf } from '../match/route-config.fixture.ts';
import { explainMatch } from './explain-match.ts';

const files = configOf([
  { id: 'any', path: '/files/*' },
  { id: 'one', path: '/files/:name' },
  { id: 'fixed', path: '/files/new' },
  { id: 'beta', path: '/files/:name', headers: { 'x-beta': 'yes' } },
]);

test('a route that wins, the others that match, and none', () => {
  expect(explainMatch(files, 'GET', '/files/new?x')).toMatchObject({
    kind: 'matched',
    winner: { route: 'fixed' },
    others: [{ route: 'any' }, { route: 'one' }],
  });
  expect(explainMatch(files, 'GET', '/elsewhere')).toMatchObject({ kind: 'no-route' });
});

test.each<[string, string, string, string[], number]>([
  ['a path that may end earlier', 'GET', '/files/new%00', [], 400],
  ['a path that may climb to another route', 'GET', '/files/a\\..\\new', [], 400],
  ['a method that is not served', 'TRACE', '/files/new', [], 405],
  ['a target that is too long', 'GET', `/files/${'a'.repeat(20_000)}`, [], 414],
  ['two hosts', 'GET', '/files/new', ['Host', 'a', 'host', 'b'], 400],
  ['two framings', 'POST', '/files/new', ['Content-Length', '1', 'Transfer-Encoding', 'chunked'], 400],
  ['a user in the URL', 'GET', 'http://ann@shop.example/files/new', [], 400],
])('%s is refused, as on arrival', (_, method, url, headers, status) => {
  expect(explainMatch(files, method, url, { headers })).toMatchObject({ kind: 'refused', status });
});

test('an explanation knows header and cookie conditions to hold', () => {
  const built = configOf([
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

test('a condition on the client’s address holds for none that is unknown', () => {
  const built = configOf([
    { id: 'any', path: '/a' },
    { id: 'office', path: '/a', clientAddress: ['10.0.0.0/8', '2001:db8::/32'] },
  ]);
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

test('an odd path is explained where all its readings agree, and letters are escaped as browsers do', () => {
  expect(explainMatch(files, 'GET', '/files/%zz')).toMatchObject({ winner: { route: 'one' } });
  expect(explainMatch(files, 'GET', '/files/café')).toMatchObject({ path: '/files/caf%C3%A9' });
});
