import { configSchema, type FicusConfigInput } from '@ficus/core';
import { expect, test } from 'vitest';
import { refuseMoving } from './refuse-moving.ts';

const orders = {
  candidate: { url: 'http://127.0.0.1:2', database: 'postgres://orders' },
  routes: [{ id: 'write', methods: ['POST'], path: '/orders' }],
  tables: [{ from: 'orders', to: 'orders' }],
};
const configOf = (slices: FicusConfigInput['slices'], database = 'postgres://shop') =>
  configSchema.parse({
    version: 1,
    control: { database: 'postgres://state' },
    legacy: { url: 'http://127.0.0.1:1', database },
    slices,
  });
const running = configOf({ orders });
const tables = [...orders.tables, { from: 'lines', to: 'lines' }];
const elsewhere = { ...orders.candidate, database: 'postgres://elsewhere' };

test.each<[string, FicusConfigInput, boolean]>([
  ['without it', configOf({}), true],
  ['with another table', configOf({ orders: { ...orders, tables } }), true],
  ['with another database of the candidate', configOf({ orders: { ...orders, candidate: elsewhere } }), true],
  ['with another database of the legacy', configOf({ orders }, 'postgres://other'), true],
  [
    'with another route',
    configOf({ orders: { ...orders, routes: [{ id: 'all', path: '/orders' }] } }),
    false,
  ],
  ['with another slice', configOf({ orders, users: orders }), false],
])('a config %s, while the slice is moving', (_, next, refused) => {
  const apply = (isMoving: boolean) => () => refuseMoving(running, next as typeof running, () => isMoving);
  if (refused) expect(apply(true)).toThrow('slices.orders: a cutover or rollback is under way');
  else expect(apply(true)).not.toThrow();
  expect(apply(false)).not.toThrow();
});
