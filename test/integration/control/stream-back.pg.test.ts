/** The stream back of a slice in the control plane: a restart starts it again, and removing the slice removes it. */
import { createControlClient } from '@ficus/contract';
import { type Control, loadRemoval, startControl } from '@ficus/control';
import { configSchema } from '@ficus/core';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { createTestDatabase, silent, type TestDatabase } from './rig.ts';

const { carryOut, checkLeftovers, openControlRecords, planRemoval } = await loadRemoval();

let legacy: TestDatabase;
let candidate: TestDatabase;
let state: TestDatabase;
let control: Control | undefined;

beforeEach(async () => {
  const port = inject('postgresPort');
  [legacy, candidate, state] = await Promise.all([
    createTestDatabase(port, 'source'),
    createTestDatabase(port, 'target'),
    createTestDatabase(port, 'state'),
  ]);
  for (const { query } of [legacy, candidate])
    await query('CREATE TABLE cart (id int PRIMARY KEY, item text)');
  await legacy.query(`INSERT INTO cart VALUES (1, 'lamp'), (2, 'desk')`);
});
afterEach(async () => {
  await control?.stop();
  control = undefined;
  await Promise.all([legacy, candidate, state].map((database) => database.drop()));
});

const configOf = (slices: object = { cart: CART() }) =>
  configSchema.parse({
    version: 1,
    control: { listen: '127.0.0.1:0', database: state.url },
    legacy: { url: 'http://127.0.0.1:1', database: legacy.url },
    slices,
  });
const CART = () => ({
  candidate: { url: 'http://127.0.0.1:2', database: candidate.url },
  routes: [{ id: 'read', path: '/cart' }],
  tables: [{ from: 'public.cart', to: 'public.cart' }],
});

async function run(config = configOf()): Promise<Control> {
  control = await startControl({ config, logger: silent });
  const client = createControlClient(control.address);
  if (config.slices.cart)
    await vi.waitUntil(async () => (await client.replication('cart')).healthy, { timeout: 30_000 });
  return control;
}

/** As a cutover arms it: recorded, and made by the next start. */
async function armAndRun(): Promise<void> {
  await (await run()).stop();
  await state.query(`INSERT INTO ficus_control.reverse_stream (slice) VALUES ('cart')`);
  await run();
  const made = () => state.query('SELECT FROM ficus_control.reverse_stream WHERE made_at IS NOT NULL');
  await vi.waitUntil(async () => (await made()).length === 1, { timeout: 30_000 });
}

const slotsOf = async ({ query }: TestDatabase) =>
  (
    await query(`SELECT regexp_replace(slot_name, '_[0-9a-f]{8}$', '') AS slot FROM pg_replication_slots
      WHERE database = current_database()`)
  ).map(({ slot }) => slot);
const itemsOf = async ({ query }: TestDatabase) =>
  (await query('SELECT item FROM cart ORDER BY id')).map(({ item }) => item);

test('what was armed runs after a restart: both streams, and nothing is copied back', async () => {
  await armAndRun();
  expect([await slotsOf(legacy), await slotsOf(candidate)]).toEqual([['ficus_cart'], ['ficus_cart_back']]);
  await candidate.query(`INSERT INTO cart VALUES (3, 'vase')`);
  await legacy.query(`INSERT INTO cart VALUES (4, 'rug')`);
  const wanted = ['lamp', 'desk', 'vase', 'rug'];
  for (const side of [legacy, candidate])
    await vi.waitUntil(async () => (await itemsOf(side)).length === 4, { timeout: 30_000 });
  expect([await itemsOf(legacy), await itemsOf(candidate)]).toEqual([wanted, wanted]);
  expect(await state.query('SELECT slice, direction FROM ficus_control.stream ORDER BY direction')).toEqual([
    { slice: 'cart', direction: 'forward' },
    { slice: 'cart', direction: 'reverse' },
  ]);
  // In use: none of them is left over.
  expect(await checkLeftovers(configOf())).toEqual([]);
});

test('a new copy empties the candidate, and not the legacy: the way back ends before', async () => {
  await armAndRun();
  const { address } = control!;
  const client = createControlClient(address);
  await client.copy('cart', { restart: true, reason: '' });
  await vi.waitUntil(async () => (await client.replication('cart')).healthy, { timeout: 30_000 });
  expect([await itemsOf(legacy), await itemsOf(candidate)]).toEqual([
    ['lamp', 'desk'],
    ['lamp', 'desk'],
  ]);
  expect(await slotsOf(candidate)).toEqual([]);
  expect(await state.query('SELECT FROM ficus_control.reverse_stream')).toEqual([]);
});

test('a slice that leaves the config is named with what it has on the candidate, and removed from both', async () => {
  await armAndRun();
  await control!.stop();
  const config = configOf({});
  await run(config);
  const { leftovers } = createControlClient(control!.address);
  await vi.waitUntil(async () => (await leftovers()).length === 2, { timeout: 30_000 });
  expect((await leftovers()).map(({ slot }) => slot?.replace(/_[0-9a-f]{8}$/, '')).sort()).toEqual([
    'ficus_cart',
    'ficus_cart_back',
  ]);
  await control!.stop();
  const records = await openControlRecords(state.url, true);
  const wish = { slot: undefined, candidateDatabase: undefined, actor: 'a tester', reason: '' };
  const removal = await planRemoval({ config, slice: 'cart', ...wish }, records);
  await records.close();
  expect(await carryOut(removal, () => undefined)).toMatchObject({ complete: true });
  for (const side of [legacy, candidate]) {
    expect(await slotsOf(side)).toEqual([]);
    expect(await side.query('SELECT FROM pg_publication')).toEqual([]);
    expect(await side.query(`SELECT FROM pg_namespace WHERE nspname = 'ficus'`)).toEqual([]);
  }
  expect(await state.query('SELECT FROM ficus_control.reverse_stream')).toEqual([]);
  expect([await itemsOf(legacy), await itemsOf(candidate)]).toEqual([
    ['lamp', 'desk'],
    ['lamp', 'desk'],
  ]);
});
