import type { SourceStreams, StreamSlot } from '@ficus/cdc';
import { describe, expect, test } from 'vitest';
import type { StreamRecord } from '../store/stream-records.ts';
import { findLeftovers } from './find-leftovers.ts';
import { makeIsExpected, makeIsUsed } from './source-watch.ts';

const SHOP = 'db:5432/shop';

const record = (slice: string, suffix = 'aaaaaaaa', host = 'db'): StreamRecord => ({
  slice,
  direction: 'forward',
  slot: `ficus_${slice}_${suffix}`,
  publication: `ficus_${slice}`,
  source: `postgres://reader@${host}/shop`,
  target: `postgres://writer@${host}/${slice}`,
  givenUpBytes: null,
});

const slot = (name: string, over: Partial<StreamSlot> = {}): StreamSlot => ({
  name,
  active: false,
  retainedBytes: 3_000_000,
  walStatus: 'reserved',
  position: '0/1',
  ...over,
});

const has = (slots: readonly StreamSlot[], publications: readonly string[] = []) =>
  new Map<string, SourceStreams | undefined>([[SHOP, { slots, publications, serverBound: '-1' }]]);

const find = (
  records: readonly StreamRecord[],
  used: readonly string[],
  sources: ReadonlyMap<string, SourceStreams | undefined>,
  isExpected: (slot: string) => boolean = () => false,
  maxRetainedWal?: string,
  configured: readonly string[] = [],
) =>
  findLeftovers({
    records,
    isUsed: ({ slot }) => used.includes(slot),
    isExpected,
    sources,
    maxRetainedWal,
    configured,
  });

describe('what is recorded', () => {
  test('a slot that a slice uses is none', () => {
    const orders = record('orders');
    expect(find([orders], [orders.slot], has([slot(orders.slot)], ['ficus_orders']))).toEqual([]);
  });

  test('a slot that no slice uses is, with its WAL and the command', () => {
    const orders = record('orders');
    expect(find([orders], [], has([slot(orders.slot)], ['ficus_orders']))).toEqual([
      {
        slot: orders.slot,
        slice: 'orders',
        database: SHOP,
        retainedBytes: 3_000_000,
        message: expect.stringContaining('keeps 2.9 MB of WAL'),
        remedy: 'ficus remove orders',
      },
    ]);
  });

  test.each([
    [undefined, '-1', 'growing until the control plane drops it at 20.0 GB (legacy.maxRetainedWal).'],
    ['3GB', '10GB', 'growing until the control plane drops it at 3.0 GB (legacy.maxRetainedWal).'],
    [undefined, '10GB', 'growing until the server gives it up at its max_slot_wal_keep_size (10GB).'],
  ])('with maxRetainedWal %s, and %s of the server, its bound is said', (own, serverBound, said) => {
    const orders = record('orders');
    const sources = new Map([[SHOP, { slots: [slot(orders.slot)], publications: [], serverBound }]]);
    const [leftover] = find([orders], [], sources, undefined, own);
    expect(leftover?.message).toMatch(new RegExp(`${said.replaceAll(/[().]/g, '\\$&')}$`));
  });

  test('one that a process still reads is not', () => {
    const orders = record('orders');
    expect(find([orders], [], has([slot(orders.slot, { active: true })]))).toEqual([]);
  });

  test('of a slice that streams to another database by now: only the old slot is to be removed', () => {
    const [old, now] = [record('orders'), record('orders', 'bbbbbbbb')];
    const found = find([old, now], [now.slot], has([slot(old.slot), slot(now.slot)], ['ficus_orders']));
    expect(found).toMatchObject([{ slot: old.slot, remedy: `ficus remove orders --slot ${old.slot}` }]);
  });

  test('a publication alone is left over too, unless another installation’s slot needs it', () => {
    const orders = record('orders');
    expect(find([orders], [], has([], ['ficus_orders']))).toMatchObject([
      { slice: 'orders', retainedBytes: undefined, message: expect.stringContaining('Publication') },
    ]);
    const other = slot('ficus_orders_cccccccc', { active: true });
    expect(find([orders], [], has([other], ['ficus_orders']))).toEqual([]);
  });

  test('of a slice in the config, retired say: its flags and its owner stay, whatever the remedy', () => {
    const [orders, pages] = [record('orders'), record('pages')];
    const sources = has([slot(pages.slot)], ['ficus_orders']);
    expect(find([orders, pages], [], sources, undefined, undefined, ['orders', 'pages'])).toMatchObject([
      { remedy: `DROP PUBLICATION "ficus_orders"; -- in ${SHOP}` },
      { remedy: `ficus remove pages --slot ${pages.slot}` },
    ]);
  });

  test('when nothing is left on the source, nothing is said', () => {
    expect(find([record('orders')], [], has([]))).toEqual([]);
  });

  test('on a database that does not answer it counts as left', () => {
    const orders = record('orders', 'aaaaaaaa', 'elsewhere');
    expect(find([orders], [], has([]))).toMatchObject([
      { database: 'elsewhere:5432/shop', message: expect.stringContaining('cannot be asked') },
    ]);
  });
});

describe('what is not recorded', () => {
  test('an idle slot is reported as perhaps another installation’s, never as our own', () => {
    expect(find([], [], has([slot('ficus_orders_dddddddd')]))).toMatchObject([
      { slice: undefined, remedy: expect.stringContaining('If no other installation needs it') },
    ]);
  });

  test('one that a slice of the config may be about to use is not reported yet', () => {
    const name = 'ficus_orders_dddddddd';
    expect(find([], [], has([slot(name)]), (found) => found === name)).toEqual([]);
  });

  test('a slot in use is not', () => {
    expect(find([], [], has([slot('ficus_orders_dddddddd', { active: true })]))).toEqual([]);
  });
});

describe('whether a slice uses a recorded slot', () => {
  const config = {
    slices: { orders: { tables: [{}] }, pages: { tables: [] } },
  } as unknown as Parameters<typeof makeIsUsed>[0]['config'];
  const isArmed = () => false;

  test('until its stream has said which one it uses, every one of the slice', () => {
    const isUsed = makeIsUsed({ config, isArmed, currentSlot: () => undefined });
    expect([record('orders'), record('orders', 'bbbbbbbb')].map(isUsed)).toEqual([true, true]);
  });

  test('then that one alone', () => {
    const isUsed = makeIsUsed({ config, isArmed, currentSlot: () => 'ficus_orders_bbbbbbbb' });
    expect([record('orders'), record('orders', 'bbbbbbbb')].map(isUsed)).toEqual([false, true]);
  });

  test('a slice that lost its tables, or is gone, uses none', () => {
    const isUsed = makeIsUsed({ config, isArmed, currentSlot: () => undefined });
    expect(['pages', 'gone', 'constructor'].map((slice) => isUsed(record(slice)))).toEqual([
      false,
      false,
      false,
    ]);
  });
});

test('a stream back is used while its slice is armed, and expected until it has said its slot', () => {
  const config = { slices: { orders: { tables: [{}] } } } as unknown as Parameters<
    typeof makeIsUsed
  >[0]['config'];
  const back = { ...record('orders'), slot: 'ficus_orders_back_aaaaaaaa', direction: 'reverse' as const };
  for (const armed of [true, false]) {
    const use = { config, isArmed: () => armed, currentSlot: () => undefined };
    expect(makeIsUsed(use)(back)).toBe(armed);
    expect(makeIsExpected(use)('ficus_orders_back_bbbbbbbb')).toBe(armed);
  }
});

test('a slice is expected to use any slot of its name, until it has said which one', () => {
  const config = { slices: { orders: { tables: [{}] }, pages: { tables: [] } } } as unknown as Parameters<
    typeof makeIsExpected
  >[0]['config'];
  const isArmed = () => false;
  const slots = [
    'ficus_orders_00000000',
    'ficus_orders_x_00000000',
    'ficus_pages_00000000',
    'ficus_gone_00000000',
  ];
  expect(slots.map(makeIsExpected({ config, isArmed, currentSlot: () => undefined }))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(slots.map(makeIsExpected({ config, isArmed, currentSlot: () => 'ficus_orders_11111111' }))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
