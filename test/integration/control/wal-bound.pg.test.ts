/** A stream whose target stays away: at the bound its slot goes, so that the source's disk does not fill; it says so. */
import { dropSourceSlot, readSourceStreams } from '@ficus/cdc';
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { configSchema } from '@ficus/core';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { createTestDatabase, silent, type TestDatabase } from './rig.ts';

let source: TestDatabase;
let target: TestDatabase;
let state: TestDatabase;
let control: Control | undefined;

beforeEach(async () => {
  const port = inject('postgresPort');
  [source, target, state] = await Promise.all([
    createTestDatabase(port, 'source'),
    createTestDatabase(port, 'target'),
    createTestDatabase(port, 'state'),
  ]);
  for (const database of [source, target]) await database.query('CREATE TABLE invoice (id int PRIMARY KEY)');
});
afterEach(async () => {
  await control?.stop();
  await allowTarget(true);
  await Promise.all([source, target, state].map((database) => database.drop()));
});

async function allowTarget(may: boolean): Promise<void> {
  const name = new URL(target.url).pathname.slice(1);
  await source.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${may}`);
  if (!may)
    await source.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
}

const slots = () => source.query('SELECT FROM pg_replication_slots WHERE database = current_database()');

test('the slot is dropped, the state names the reason, and a new copy continues', async () => {
  control = await startControl({
    config: configSchema.parse({
      version: 1,
      control: { listen: '127.0.0.1:0', database: state.url },
      legacy: { url: 'http://127.0.0.1:1', database: source.url, maxRetainedWal: '64MB' },
      slices: {
        invoices: {
          candidate: { url: 'http://127.0.0.1:2', database: target.url },
          routes: [{ id: 'read', path: '/invoices' }],
          tables: [{ from: 'public.invoice', to: 'public.invoice' }],
        },
      },
    }),
    logger: silent,
  });
  const client = createControlClient(control.address);
  await vi.waitUntil(async () => (await client.replication('invoices')).healthy, { timeout: 30_000 });

  await allowTarget(false);
  await source.query(`SELECT pg_logical_emit_message(false, 'test', repeat('x', 100 * 1024 * 1024))`);
  // Looks are 15 s apart: one that finds it, and up to two more until the reader has not moved for a whole period.
  await vi.waitUntil(async () => (await slots()).length === 0, { timeout: 75_000 });
  await allowTarget(true);
  const problem = async () => (await client.replication('invoices')).problem;
  await vi.waitUntil(async () => (await problem())?.code === 'FICUS_CDC_SLOT_GIVEN_UP', { timeout: 30_000 });
  expect(await problem()).toMatchObject({
    message: expect.stringMatching(/kept \d+\.\d MB of WAL/),
    remedy: expect.stringContaining('ficus copy invoices --restart'),
  });

  await client.copy('invoices', { restart: true });
  await vi.waitUntil(async () => (await client.replication('invoices')).healthy, { timeout: 30_000 });
  expect(await slots()).toHaveLength(1);
  // A transaction of another test may have kept the new slot waiting a moment ago.
  await vi.waitUntil(async () => (await problem()) === null, { timeout: 30_000 });
}, 150_000);

test('a slot that was found too large, and keeps less when it is dropped, stays', async () => {
  const slot = 'ficus_invoices_0d0e0a0f';
  await source.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  await source.query(`SELECT pg_logical_emit_message(false, 'test', repeat('x', 3 * 1024 * 1024))`);
  const look = async () => (await readSourceStreams(source.url)).slots[0];
  // Only what has left the WAL buffers is kept for a slot.
  await vi.waitUntil(async () => (await look())!.retainedBytes! > 3 * 1024 * 1024, { timeout: 30_000 });
  const before = await look();
  // Another one of the same name.
  await source.query(`SELECT pg_drop_replication_slot('${slot}')`);
  await source.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  expect(await dropSourceSlot(source.url, slot, 2 * 1024 * 1024)).toBe(false);
  const [after] = (await readSourceStreams(source.url)).slots;
  expect(after?.name).toBe(slot);
  expect(after?.position).not.toBe(before?.position);
  expect(await dropSourceSlot(source.url, slot, 1)).toBe(true);
  expect(await slots()).toEqual([]);
});

test('a slot is read, and moves, while its stream catches up from a temporary copy of it', async () => {
  const slot = 'ficus_invoices_0d0e0a0f';
  await source.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  const seen = async () => (await readSourceStreams(source.url)).slots;
  const [alone] = await seen();
  expect(alone).toMatchObject({ name: slot, active: false });
  const session = new pg.Client({ connectionString: source.url });
  await session.connect();
  try {
    await session.query(`SELECT pg_copy_logical_replication_slot('${slot}', '${slot}_c0ffee', true)`);
    const [begun, ...others] = await seen();
    expect(others).toEqual([]);
    expect(begun).toMatchObject({ name: slot, active: true });
    await source.query(`SELECT pg_logical_emit_message(true, 'test', 'further')`);
    await session.query(`SELECT pg_replication_slot_advance('${slot}_c0ffee', pg_current_wal_lsn())`);
    expect((await seen())[0]!.position).not.toBe(begun!.position);
  } finally {
    await session.end();
  }
  await vi.waitUntil(async () => (await seen())[0]!.active === false, { timeout: 30_000 });
});
