import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import type { StreamRecord } from '../store/stream-records.ts';
import { pickUrls } from './pick-urls.ts';

const config = configSchema.parse({
  version: 1,
  legacy: { url: 'http://shop', database: 'postgres://reader:one@db/shop' },
  slices: {
    orders: {
      candidate: { url: 'http://orders', database: 'postgres://writer:two@services/orders' },
      routes: [{ id: 'list', path: '/orders' }],
    },
  },
});

const record = (
  slice: string,
  target: string,
  slot: string,
  source = 'postgres://reader@db/shop',
): StreamRecord => ({
  slice,
  target,
  slot,
  direction: 'forward',
  source,
  publication: `ficus_${slice}`,
  givenUpBytes: null,
});

test('a slice of the config: its databases', () => {
  expect(pickUrls({ config, candidateDatabase: undefined }, 'orders', [])).toEqual([
    {
      source: 'postgres://reader:one@db/shop',
      targets: ['postgres://writer:two@services/orders'],
      slots: [],
    },
  ]);
});

test('one that has left the config: as recorded, with the password for the same server and user', () => {
  const records = [record('stock', 'postgres://writer@services/stock', 'ficus_stock_1')];
  expect(pickUrls({ config, candidateDatabase: undefined }, 'stock', records)).toEqual([
    {
      source: 'postgres://reader:one@db/shop',
      targets: ['postgres://writer:two@services/stock'],
      slots: ['ficus_stock_1'],
    },
  ]);
});

test('a password goes to no other server or user', () => {
  const records = [
    record('stock', 'postgres://writer@elsewhere/stock', 'ficus_stock_1'),
    record('stock', 'postgres://admin@services/stock', 'ficus_stock_2'),
  ];
  const [urls] = pickUrls({ config, candidateDatabase: undefined }, 'stock', records);
  expect(urls?.targets).toEqual(['postgres://writer@elsewhere/stock', 'postgres://admin@services/stock']);
});

test('a URL given by hand takes the place of the recorded one', () => {
  const records = [record('stock', 'postgres://writer@away/stock', 'ficus_stock_1')];
  const candidateDatabase = 'postgres://writer:three@away/stock';
  expect(pickUrls({ config, candidateDatabase }, 'stock', records)[0]?.targets).toEqual([candidateDatabase]);
});

test('a slice that has moved to another database: both, with all slots of the source', () => {
  const records = [
    record('orders', 'postgres://writer@services/orders', 'ficus_orders_2'),
    record('orders', 'postgres://writer@services/orders_before', 'ficus_orders_1'),
  ];
  expect(pickUrls({ config, candidateDatabase: undefined }, 'orders', records)).toMatchObject([
    {
      targets: ['postgres://writer:two@services/orders', 'postgres://writer:two@services/orders_before'],
      slots: ['ficus_orders_2', 'ficus_orders_1'],
    },
  ]);
});

test('a slice that was streamed from another source: one entry for each', () => {
  const records = [
    record('stock', 'postgres://writer@services/stock', 'ficus_stock_1', 'postgres://reader@old/shop'),
  ];
  expect(pickUrls({ config, candidateDatabase: undefined }, 'stock', records)).toMatchObject([
    { source: 'postgres://reader:one@db/shop', targets: [] },
    { source: 'postgres://reader@old/shop', targets: ['postgres://writer:two@services/stock'] },
  ]);
});

test('databases at a Unix socket: host in the query, or none', () => {
  const socket = (user: string, name: string) => `postgres://${user}@/${name}?host=/run/pg`;
  const { legacy, slices } = config;
  const candidate = { ...slices.orders!.candidate, database: socket('writer:two', 'orders') };
  const local = {
    ...config,
    legacy: { ...legacy, database: socket('reader:one', 'shop') },
    slices: { orders: { ...slices.orders!, candidate } },
  };
  const records = [record('stock', socket('writer', 'stock'), 'ficus_stock_1', socket('reader', 'shop'))];
  expect(pickUrls({ config: local, candidateDatabase: undefined }, 'stock', records)).toEqual([
    {
      source: socket('reader:one', 'shop'),
      targets: [socket('writer:two', 'stock')],
      slots: ['ficus_stock_1'],
    },
  ]);
});
