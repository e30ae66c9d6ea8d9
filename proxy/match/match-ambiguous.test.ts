import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFields } from '../accept/inspected-head.ts';
import { AmbiguousPath } from '../wire/ambiguous-path.ts';
import { canonicalPath } from '../wire/canonical-path.ts';
import { ForeignWrites } from './foreign-writes.ts';
import { matchAmbiguous } from './match-ambiguous.ts';
import { configOf } from './route-config.fixture.ts';
import { buildRouteTable } from './route-table.ts';

type Route = Record<string, unknown>;

function match(routes: Route[], target: string, method = 'GET', change: (config: never) => void = () => {}) {
  const config = configOf(...(routes.length === 0 ? [] : [routes]));
  change(config as never);
  const path = canonicalPath(target);
  if (!(path instanceof AmbiguousPath)) throw new Error(`${target} is not ambiguous`);
  const facts = readFields(['host', 'shop.example']);
  facts.target = target;
  const table = buildRouteTable(config);
  const agreed = matchAmbiguous(
    { config, table, foreignWrites: new ForeignWrites(config) },
    method,
    path,
    facts,
  );
  return agreed === 'disputed' ? agreed : agreed.matched?.route.id;
}

const ORDERS = [
  { id: 'list', path: '/shop/orders' },
  { id: 'one', path: '/shop/orders/:id' },
];

describe('a path that servers read in different ways', () => {
  test.each([
    '/shop\\orders',
    '/\\shop/orders',
    '/x\\..\\shop\\orders',
    '/x/..%2fshop/orders',
    '/shop/orders%00.html',
    '/shop/orders#7',
    '/%u0073hop/orders',
    '/shop/orders%',
    '/shop%5corders%00',
    '/shop/orders\\7',
    '/shop/orders/7%2f..%2f..',
    '/shop/orders/7\\',
    '/%zz/%2e%2e\\shop/orders',
    '/x/..;/shop/orders',
    '/shop/orders/..;',
    '/shop/orders/.;v=1',
    '/shop/.;/orders',
    '/shop/orders/;v=1',
    '/;v=1/shop/orders',
    '/x/..%3B/shop/orders',
  ])('%s is disputed: one reading is a route, another is not', (target) => {
    expect(match(ORDERS, target)).toBe('disputed');
  });

  test.each([
    '/files/a\\b',
    '/%',
    '/shopping\\list',
    '/shop/orders%zz',
    '/x/..%2fshop',
    '/shop%5corders%5c7%5c8%zz',
    '/files/..;/a',
    '/files/;v=1',
    '/shop/.;v=1',
  ])('%s passes: no reading is a route', (target) => expect(match(ORDERS, target)).toBeUndefined());

  test('is served by a route that all readings lead to', () => {
    const routes = [...ORDERS, { id: 'files', path: '/files/*' }];
    for (const target of ['/files/a\\b', '/files/%zz', '/files/a%00', '/files/a#b', '/files/a/..;/b']) {
      expect(match(routes, target)).toBe('files');
    }
    expect(match(routes, '/shop/orders/%zz')).toBe('one');
  });

  test('of another method, or of another host, is no route’s', () => {
    expect(match(ORDERS, '/shop\\orders', 'POST')).toBeUndefined();
    expect(match([{ ...ORDERS[0]!, host: 'api.example' }], '/shop\\orders')).toBeUndefined();
  });

  test('is too long to compare only where there are routes', () => {
    expect(match(ORDERS, `/%${'x'.repeat(3_000)}`)).toBe('disputed');
    expect(match([], `/%${'x'.repeat(3_000)}`)).toBeUndefined();
  });

  test('may have no query behind a number sign', () => {
    const plain = [{ id: 'plain', path: '/q', query: { v: { present: false } } }];
    expect(match(plain, '/q#?v=1')).toBe('disputed');
    expect(match(plain, '/q%00?v=1')).toBeUndefined();
  });

  test('may not climb out of a prefix', () => {
    const files = { id: 'files', path: '/files/*' };
    const stripped = [{ ...files, rewrite: { stripPrefix: '/files' } }];
    expect(match([files], '/files/a\\..\\b')).toBe('files');
    expect(match(stripped, '/files/a\\..\\b')).toBe('disputed');
    expect(match(stripped, '/files/a\\b')).toBe('files');
    const based = (config: { legacy: { url: string } }): void => {
      config.legacy.url = 'http://127.0.0.1:1/old';
    };
    expect(match([], '/a\\..\\b', 'GET', based)).toBe('disputed');
    expect(match([], '/a\\b', 'GET', based)).toBeUndefined();
  });

  test('counts as a write of the tables that one of its readings writes', () => {
    const config = configOf(ORDERS);
    const writtenBy = [{ methods: ['POST'], path: '/import' }];
    Object.assign(config.slices.s0!, { writtenBy });
    const routes = { config, table: buildRouteTable(config), foreignWrites: new ForeignWrites(config) };
    const path = canonicalPath('/x\\..\\import') as AmbiguousPath;
    const facts = readFields([]);
    expect(matchAmbiguous(routes, 'POST', path, facts)).toEqual({ matched: undefined, written: ['s0'] });
  });
});

describe('no spelling of a route’s path leads around it', () => {
  const config = configOf([{ id: 'orders', path: '/api/orders' }]);
  const table = buildRouteTable(config);

  const spelled = (path: string, escaped: readonly boolean[]) =>
    path.replace(/[a-z]/g, (letter, at: number) =>
      escaped[at % escaped.length] ? `%${letter.charCodeAt(0).toString(16)}` : letter,
    );
  const segment = fc.constantFrom('', '.', '%2e', 'x/..', 'x/%2E.');
  /** Written in ways that servers agree upon. */
  const agreed = fc
    .tuple(fc.array(fc.boolean(), { minLength: 1 }), segment, segment)
    .map(
      ([escaped, first, second]) =>
        `/${first}/${spelled('api', escaped)}/${second}/${spelled('orders', escaped)}`,
    );
  const oddity = fc.constantFrom<(path: string) => string>(
    (path) => path.replaceAll('/', '\\').replace('\\', '/'),
    (path) => `${path.replaceAll('/', '%5c').replace('%5c', '/')}#`,
    (path) => `/y${path.replaceAll('/', '%2f').replace('%2f', '/..%2F')}`,
    (path) => `${path}%00`,
    (path) => `${path}%00.png`,
    (path) => `${path}#top`,
    (path) => `${path}%`,
    (path) => path.replace('o', '%u006f').replace('%6f', '%u006F'),
    (path) => `/a\\..${path}`,
    (path) => `/a\\%2e%2e${path}`,
    (path) => `/;p${path}`,
    (path) => path.replaceAll('/', '/.;p/'),
    (path) => `/y/%2E.;p${path}`,
  );

  test('where servers agree, the route takes it; where they do not, no side does', () => {
    fc.assert(
      fc.property(agreed, fc.array(oddity, { maxLength: 2 }), (path, oddities) => {
        const target = oddities.reduce((made, odd) => odd(made), path);
        const read = canonicalPath(target);
        const facts = readFields(['host', 'h']);
        facts.target = target;
        const found =
          typeof read === 'string'
            ? table.find('GET', read, facts)?.route.id
            : matchAmbiguous({ config, table, foreignWrites: undefined }, 'GET', read, facts);
        if (oddities.length === 0) expect(found).toBe('orders');
        else expect(['orders', 'disputed'], target).toContain(found);
      }),
      { numRuns: 2_000 },
    );
  });
});
