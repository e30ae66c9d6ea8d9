/** A slot that no slice uses any more is said everywhere that an operator looks; another installation's is not claimed. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { configSchema, type FicusConfigInput } from '@ficus/core';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { createTestDatabase, silent, type TestDatabase } from './rig.ts';

let source: TestDatabase;
let target: TestDatabase;
let state: TestDatabase;
let other: TestDatabase;
let running: Control[] = [];

beforeEach(async () => {
  const port = inject('postgresPort');
  [source, target, state, other] = await Promise.all([
    createTestDatabase(port, 'source'),
    createTestDatabase(port, 'target'),
    createTestDatabase(port, 'state'),
    createTestDatabase(port, 'other'),
  ]);
  for (const database of [source, target])
    await database.query('CREATE TABLE stock (sku text PRIMARY KEY, pieces int)');
});
afterEach(async () => {
  for (const control of running) await control.stop();
  running = [];
  await Promise.all([source, target, state, other].map((database) => database.drop()));
});

const STOCK: FicusConfigInput['slices'] = {
  stock: {
    candidate: { url: 'http://127.0.0.1:2', database: '' },
    routes: [{ id: 'read', path: '/stock' }],
    tables: [{ from: 'public.stock', to: 'public.stock' }],
  },
};
const PAGES: FicusConfigInput['slices'] = {
  pages: { candidate: { url: 'http://127.0.0.1:3' }, routes: [{ id: 'page', path: '/pages/*' }] },
};

function configOf(slices: FicusConfigInput['slices'], database = state.url, targetUrl = target.url) {
  const withTarget = structuredClone(slices) ?? {};
  if (withTarget.stock) withTarget.stock.candidate.database = targetUrl;
  return configSchema.parse({
    version: 1,
    control: { listen: '127.0.0.1:0', database },
    legacy: { url: 'http://127.0.0.1:1', database: source.url },
    slices: withTarget,
  });
}

async function start(config: ReturnType<typeof configOf>): Promise<Control> {
  const control = await startControl({ config, logger: silent });
  running.push(control);
  return control;
}

const untilStreaming = ({ address }: Control) =>
  vi.waitUntil(async () => (await createControlClient(address).replication('stock')).healthy, {
    timeout: 30_000,
  });

const readiness = async ({ address }: Control) => {
  const response = await fetch(`${address}/readyz`);
  return { status: response.status, text: await response.text() };
};

test('a slice leaves the config while the control plane runs', async () => {
  const control = await start(configOf(STOCK));
  await untilStreaming(control);
  expect(await createControlClient(control.address).leftovers()).toEqual([]);
  expect((await readiness(control)).status).toBe(200);

  await control.reload(configOf(PAGES));
  const client = createControlClient(control.address);
  await vi.waitUntil(async () => (await client.leftovers()).length > 0, { timeout: 30_000 });
  const [slot] = await source.query(
    'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()',
  );
  expect(await client.leftovers()).toMatchObject([
    { slot: slot?.slot_name, slice: 'stock', remedy: 'ficus remove stock' },
  ]);
  const { status, text } = await readiness(control);
  expect(status).toBe(503);
  expect(text).toContain('ficus remove stock');
  const metrics = await (await fetch(`${control.address}/metrics`)).text();
  expect(metrics).toMatch(
    /ficus_leftover_slot_retained_bytes\{slot="ficus_stock_\w+",slice="stock",owner="ours"\} \d/,
  );

  await control.reload(configOf(STOCK));
  await vi.waitUntil(async () => (await client.leftovers()).length === 0, { timeout: 30_000 });
});

test('another installation on the same source: its idle slot is reported as unknown, and readiness stays', async () => {
  const theirs = await start(configOf(STOCK, other.url));
  await untilStreaming(theirs);
  await theirs.stop();
  const ours = await start(configOf(PAGES));
  const client = createControlClient(ours.address);
  await vi.waitUntil(async () => (await client.leftovers()).length > 0, { timeout: 30_000 });
  expect(await client.leftovers()).toMatchObject([{ slice: null }]);
  expect((await readiness(ours)).status).toBe(200);
});

test('no password is stored beside the names', async () => {
  const withPassword = target.url.replace('postgres@', 'postgres:hidden-word@');
  await untilStreaming(await start(configOf(STOCK, state.url, withPassword)));
  const rows = await state.query('SELECT * FROM ficus_control.stream');
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain('hidden-word');
});
