import { parseConfig } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { databaseReference } from './database-reference.ts';
import { type DraftSlice, type FirstConfig, writeFirstConfig } from './first-config.ts';
import type { LegacyFacts } from './probe/probe-legacy.ts';

const ORDERS: DraftSlice = {
  name: 'orders',
  routes: [
    { id: 'list-orders', methods: ['GET'], path: '/api/orders' },
    { id: 'on', methods: ['POST'], path: '/api/orders/:id::x', kind: 'write' },
  ],
};
const EMPTY: DraftSlice = { name: 'carts', routes: [] };
const FOUND: LegacyFacts = {
  host: { name: 'shop.example:8443', why: 'It says\nso # twice' },
  session: { name: 'connect.sid', why: 'its name is that of Express' },
  paths: { path: '/api/orders', ignoreCase: true, ignoreTrailingSlash: false },
  health: '/healthz',
};
const config = (slices: readonly DraftSlice[], facts: LegacyFacts = {}): FirstConfig => ({
  legacyUrl: 'http://127.0.0.1:3000/shop',
  listen: '127.0.0.1:8080',
  facts,
  slices,
});
const valid = (text: string) => {
  const parsed = parseConfig(parse(text), {});
  expect(parsed).toMatchObject({ ok: true });
  return parsed.ok ? parsed.config : undefined;
};
const uncommented = (text: string) => text.replace(/^# (slices:|control:| {2}.*)$/gm, '$1');

describe('writeFirstConfig', () => {
  test.each<[string, readonly DraftSlice[], LegacyFacts, string[]]>([
    ['an example', [], {}, ['notifications']],
    ['proposals', [ORDERS, EMPTY], FOUND, ['orders', 'carts']],
    [
      'a slice among them',
      [ORDERS, { ...ORDERS, name: 'n', candidateUrl: 'http://[::1]:1' }],
      FOUND,
      ['n', 'orders'],
    ],
    ['a candidate without routes', [{ ...EMPTY, candidateUrl: 'http://c' }], {}, ['carts']],
  ])('with %s the config is valid as it is, and without its comments', (_, slices, facts, names) => {
    const text = writeFirstConfig(config(slices, facts));
    const whole = slices.filter(({ candidateUrl, routes }) => candidateUrl && routes.length > 0);
    expect(Object.keys(valid(text)?.slices ?? {})).toEqual(whole.map(({ name }) => name));
    expect(Object.keys(valid(uncommented(text))?.slices ?? {})).toEqual(names);
  });

  test('the proxy can be asked on this machine, beside the address that clients use', () => {
    const adminOf = (listen: string, legacyUrl = 'http://shop') =>
      valid(writeFirstConfig({ ...config([]), listen, legacyUrl }))?.proxy.admin;
    expect(adminOf('0.0.0.0:8080')).toBe('127.0.0.1:8082');
    expect(adminOf('0.0.0.0:8082', 'http://127.0.0.1:8083')).toBe('127.0.0.1:8084');
  });

  test('what was found is a setting with its reason', () => {
    const text = writeFirstConfig(config([], FOUND));
    expect(valid(text)).toMatchObject({
      proxy: { identify: { session: { cookie: 'connect.sid' } } },
      legacy: {
        health: { path: '/healthz' },
        host: 'shop.example:8443',
        paths: { ignoreCase: true, ignoreTrailingSlash: false },
      },
    });
    expect(text).toContain('# It says\\nso # twice.\n');
  });

  test('tables bring what they need: both databases, and Ficus’s own', () => {
    const references = { text: '${X:-postgres://x/y}', variable: 'X', mustBeSet: false };
    const mapped = {
      ...ORDERS,
      database: references,
      tables: ['tables:', '  # Guessed: x.', '  - from: a.b', '    to: c.d'],
    };
    const environment = { FICUS_DATABASE_URL: 'postgres://f/f' };
    for (const slice of [mapped, { ...mapped, candidateUrl: 'http://c' }]) {
      const text = writeFirstConfig({ ...config([slice]), database: references });
      expect(parseConfig(parse(text), environment)).toMatchObject({ ok: true });
      const parsed = parseConfig(parse(uncommented(text)), environment);
      expect(parsed).toMatchObject({
        ok: true,
        config: {
          legacy: { database: 'postgres://x/y' },
          control: { database: 'postgres://f/f' },
          slices: {
            orders: { candidate: { database: 'postgres://x/y' }, tables: [{ from: 'a.b', to: 'c.d' }] },
          },
        },
      });
    }
  });

  test('a route keeps its kind and its path', () => {
    const { slices } = valid(writeFirstConfig(config([{ ...ORDERS, candidateUrl: 'http://c' }])))!;
    expect(slices.orders?.routes).toMatchObject([
      { id: 'list-orders', kind: 'read' },
      { id: 'on', kind: 'write', path: '/api/orders/:id::x' },
    ]);
  });
});

describe('databaseReference', () => {
  test.each([
    ['postgres://shop@db/shop', '${X:-postgres://shop@db/shop}', false],
    ['postgres://shop:geheim@db/shop', '${X}', true],
    ['postgres:///shop?host=/run&password=geheim', '${X}', true],
    ['postgres:///shop?sslpassword=geheim', '${X}', true],
    ['postgres://db/sh}op', '${X}', true],
    [undefined, '${X}', true],
  ])('%s', (url, text, mustBeSet) => {
    expect(databaseReference('X', url)).toEqual({ variable: 'X', text, mustBeSet });
  });
});
