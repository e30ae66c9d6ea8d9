import { describe, expect, test } from 'vitest';
import { likenessOf } from './compare-names.ts';
import { matchTables } from './match-tables.ts';

test.each([
  ['orders', 'orders', 'same'],
  ['order_items', 'orderItems', 'spelling'],
  ['ORDER-ITEMS', 'order_items', 'spelling'],
  ['HTTPRequests', 'http_requests', 'spelling'],
  ['orders', 'order', 'number'],
  ['order_item', 'orderItems', 'number'],
  ['categories', 'category', 'number'],
  ['statuses', 'status', 'number'],
  ['houses', 'house', 'number'],
  ['people', 'person', 'number'],
  ['boxes', 'box', 'number'],
  ['shop_orders', 'order', 'prefix'],
  ['orders', 'shop_orders', 'prefix'],
  ['orders', 'carts', undefined],
  ['address', 'addres', undefined],
  ['reorders', 'orders', undefined],
  ['order_items', 'orders', undefined],
  ['news', 'new_s', 'spelling'],
  ['_', '__', undefined],
])('%s and %s: %s', (source, target, expected) => {
  expect(likenessOf(source, target)).toBe(expected);
});

describe('matchTables', () => {
  const table = (text: string) => {
    const [schema = '', name = ''] = text.split('.');
    return { schema, name };
  };
  const match = (sources: string[], targets: string[]) => {
    const { pairs, unmatched } = matchTables(sources.map(table), targets.map(table));
    return [
      ...pairs.map(
        ({ source, target }) => `${source.schema}.${source.name} → ${target.schema}.${target.name}`,
      ),
      ...unmatched.map(({ table, why }) => `${table}: ${why}`),
    ];
  };
  test.each<[string, string[], string[], (string | RegExp)[]]>([
    [
      'the surest likeness',
      ['public.order', 'public.orders'],
      ['public.orders'],
      ['public.orders → public.orders'],
    ],
    ['the same schema', ['a.orders', 'b.orders'], ['b.orders'], ['b.orders → b.orders']],
    ['or else public', ['a.orders', 'public.orders'], ['s.orders'], ['public.orders → s.orders']],
    [
      'of two, neither',
      ['a.orders', 'b.orders'],
      ['s.orders'],
      [/^s\.orders: may be made from any of a\.orders, b\.orders/],
    ],
    ['none', ['public.carts'], ['public.orders'], [/no counterpart/]],
    [
      'a table once for sure',
      ['public.orders'],
      ['public.orders', 'public.order'],
      ['public.orders → public.orders', /^public\.order: is like public\.orders .* public\.orders is made/],
    ],
    ['not versions', ['public.schema_version'], ['public.schema_version'], [/keeps its migrations/]],
    ['not migrations', ['public.knex_migrations'], ['public.knex_migrations'], [/keeps its migrations/]],
    [
      'not Entity Framework’s',
      ['public.__EFMigrationsHistory'],
      ['public.__EFMigrationsHistory'],
      [/keeps its migrations/],
    ],
  ])('%s', (_, sources, targets, expected) => {
    expect(match(sources, targets)).toEqual(
      expected.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))),
    );
  });
});
