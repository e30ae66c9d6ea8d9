import { FicusError } from '@ficus/core';
import { beforeEach, expect, test } from 'vitest';
import type { Store } from './open-store.ts';
import { StreamRecords } from './stream-records.ts';

const STOCK = {
  slot: 'ficus_stock_1a2b3c4d',
  slice: 'stock',
  direction: 'forward' as const,
  publication: 'ficus_stock',
  source: 'postgres://reader:secret@db/shop',
  target: 'postgres://writer:secret@db/stock',
};

let away: boolean;
/** The table, with the columns as they are read. */
let stored: Map<unknown, Record<string, unknown>>;
let records: StreamRecords;

const query = async (text: string, values: readonly unknown[] = []) => {
  if (away) throw new FicusError('FICUS_DATABASE_UNREACHABLE', 'away');
  const [slot, slice, direction, publication, source, target] = values;
  if (text.startsWith('INSERT'))
    stored.set(slot, { slot, slice, direction, publication, source, target, givenUpBytes: null });
  if (text.startsWith('UPDATE')) {
    const row = stored.get(slot);
    return row ? [Object.assign(row, { givenUpBytes: values[1] })] : [];
  }
  return text.startsWith('SELECT') ? [...stored.values()].map((row) => ({ ...row })) : [];
};

beforeEach(async () => {
  away = false;
  stored = new Map();
  records = await StreamRecords.load({ query } as unknown as Store);
});

test('what could not be stored is not known, however often it is tried: no slot may be created', async () => {
  away = true;
  for (let times = 0; times < 2; times++)
    await expect(records.record(STOCK)).rejects.toMatchObject({ code: 'FICUS_DATABASE_UNREACHABLE' });
  expect(records.all()).toEqual([]);
  expect(records.currentSlot('stock')).toBeUndefined();
});

test('a stream that was recorded before continues without the database', async () => {
  await records.record(STOCK);
  away = true;
  await records.record({ ...STOCK, source: 'postgres://reader@moved/shop' });
  expect(records.all()).toMatchObject([{ source: 'postgres://reader@moved/shop' }]);
});

test('what the database missed is stored at the next reload', async () => {
  await records.record(STOCK);
  away = true;
  await records.record({ ...STOCK, source: 'postgres://reader@moved/shop' });
  await expect(records.reload()).rejects.toMatchObject({ code: 'FICUS_DATABASE_UNREACHABLE' });
  away = false;
  // Restored from a backup, or removed meanwhile: the stream runs all the same.
  stored.clear();
  await records.reload();
  expect([...stored.values()]).toMatchObject([{ slot: STOCK.slot, source: 'postgres://reader@moved/shop' }]);
  expect(records.all()).toMatchObject([{ slot: STOCK.slot }]);
});

test('once stored, a record that is deleted stays deleted', async () => {
  await records.record(STOCK);
  away = true;
  await records.record({ ...STOCK, target: 'postgres://writer@later/stock' });
  away = false;
  await records.reload();
  expect(records.all()).toHaveLength(1);
  stored.clear();
  await records.reload();
  expect(records.all()).toEqual([]);
});

test('what could not be stored does not replace what was stored after it', async () => {
  await records.record(STOCK);
  away = true;
  await records.record({ ...STOCK, target: 'postgres://writer@between/stock' });
  away = false;
  await records.record({ ...STOCK, target: 'postgres://writer@last/stock' });
  await records.reload();
  expect(records.all()).toMatchObject([{ target: 'postgres://writer@last/stock' }]);
});

test('a slot is given up only when that is stored, and only when it is still this installation’s', async () => {
  await records.record(STOCK);
  away = true;
  await expect(records.giveUp(STOCK.slot, 5)).rejects.toMatchObject({ code: 'FICUS_DATABASE_UNREACHABLE' });
  expect(records.all()).toMatchObject([{ givenUpBytes: null }]);
  away = false;
  expect(await records.giveUp(STOCK.slot, 5)).toBe(true);
  expect(records.all()).toMatchObject([{ givenUpBytes: 5 }]);
  stored.clear();
  expect(await records.giveUp(STOCK.slot, 6)).toBe(false);
});
