import { parseConfig } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeFirstConfig } from './first-config.ts';
import { proposeSlices } from './propose-slices.ts';

const openapi = {
  paths: {
    '/api/v1/orders': { get: {}, post: {} },
    '/api/v1/orders/{id}': { get: {}, parameters: [] },
    '/api/products': { get: {} },
    '/{anything}': { get: {} },
  },
};

describe('proposeSlices', () => {
  test('sorts operations by capability, reads apart from writes, in find-my-way’s notation', () => {
    expect(proposeSlices(openapi)).toEqual([
      {
        name: 'orders',
        routes: [
          { id: 'r1-get', methods: ['GET'], path: '/api/v1/orders' },
          { id: 'r2-post', methods: ['POST'], path: '/api/v1/orders' },
          { id: 'r3-get', methods: ['GET'], path: '/api/v1/orders/:id' },
        ],
      },
      { name: 'products', routes: [{ id: 'r1-get', methods: ['GET'], path: '/api/products' }] },
    ]);
  });

  test.each([null, 'text', {}, { paths: { '/x': null } }])('%j gives no proposals', (document) => {
    expect(proposeSlices(document)).toEqual([]);
  });
});

describe('writeFirstConfig', () => {
  test.each([
    ['without proposals', []],
    ['with proposals', proposeSlices(openapi)],
  ])('%s the config is valid as it is, and without its comments', (_, slices) => {
    const text = writeFirstConfig('http://127.0.0.1:3000', slices);
    expect(parseConfig(parse(text), {})).toMatchObject({ ok: true });
    const uncommented = text.replace(/^# (slices:| {2}.*)$/gm, '$1');
    const parsed = parseConfig(parse(uncommented), {});
    expect(parsed).toMatchObject({ ok: true });
    expect(parsed.ok && Object.keys(parsed.config.slices).length).toBeGreaterThan(0);
  });
});
