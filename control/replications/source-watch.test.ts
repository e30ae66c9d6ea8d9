import type { StreamSlot } from '@ficus/cdc';
import { configSchema } from '@ficus/core';
import pino from 'pino';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Store } from '../store/open-store.ts';
import { StreamRecords } from '../store/stream-records.ts';
import { boundSlot, SourceWatch } from './source-watch.ts';

const GB = 1024 ** 3;
const SLOT = 'ficus_orders_0a0a0a0a';

let logged: { level: string; msg: string; slot?: string }[];
let slots: StreamSlot[];
/** Undefined: every database has them. */
let onlyAt: string | undefined;
let serverBound: string;
/** Called with each reading of the source, before it ends. */
let onRead: () => void | Promise<void>;
/** Rows of the table of records, while the database is there. */
let rows: Record<string, unknown>[];
const dropSlot = vi.fn(async (_url: string, _slot: string, _beyond: number): Promise<boolean> => true);
let now: number;
let databaseAway: boolean;

beforeEach(() => {
  logged = [];
  slots = [];
  onlyAt = undefined;
  serverBound = '-1';
  now = 0;
  databaseAway = false;
  onRead = () => undefined;
  rows = [
    {
      slot: SLOT,
      slice: 'orders',
      direction: 'forward',
      publication: 'ficus_orders',
      source: 'postgres://reader@db/shop',
      target: 'postgres://writer@db/orders',
      givenUpBytes: null,
    },
  ];
  dropSlot.mockClear();
});

async function makeWatch(maxRetainedWal?: string): Promise<{ watch: SourceWatch; records: StreamRecords }> {
  const query = async (text: string, values: readonly unknown[] = []) => {
    if (databaseAway) throw new Error('away');
    if (text.startsWith('UPDATE stream')) rows = rows.map((row) => ({ ...row, givenUpBytes: values[1] }));
    return text.startsWith('INSERT') ? [] : rows;
  };
  const records = await StreamRecords.load({ query } as unknown as Store);
  const config = configSchema.parse({
    version: 1,
    legacy: { url: 'http://shop', database: 'postgres://reader:secret@db/shop', maxRetainedWal },
    slices: {
      orders: {
        candidate: { url: 'http://orders', database: 'postgres://writer:secret@db/orders' },
        routes: [{ id: 'list', path: '/orders' }],
        tables: [{ from: 'public.orders', to: 'public.orders' }],
      },
    },
  });
  const read = async (url: string) => {
    const there = onlyAt === undefined || url === onlyAt ? slots : [];
    const answer = { serverBound, slots: there, publications: ['ficus_orders'] };
    await onRead();
    return answer;
  };
  const engine = { read, dropSlot };
  const write = (line: string) => void logged.push(JSON.parse(line));
  const logger = pino({ formatters: { level: (level) => ({ level }) } }, { write });
  return {
    watch: new SourceWatch({
      records,
      config: () => config,
      isArmed: (slice) => slice === 'orders',
      engine,
      logger,
      now: () => now,
    }),
    records,
  };
}

const keeps = (retainedBytes: number, name = SLOT): StreamSlot => ({
  name,
  active: false,
  retainedBytes,
  walStatus: 'extended',
  position: '0/1',
});

/** Long enough without a movement. */
async function checkTwice(watch: SourceWatch): Promise<void> {
  await watch.check();
  now += 15_000;
  await watch.check();
}

test('beyond the bound the slot is dropped, with the reason stored first', async () => {
  slots = [keeps(21 * GB)];
  const { watch, records } = await makeWatch();
  dropSlot.mockImplementationOnce(async () => {
    expect(rows).toMatchObject([{ givenUpBytes: 21 * GB }]);
    return true;
  });
  await checkTwice(watch);
  expect(dropSlot).toHaveBeenCalledExactlyOnceWith('postgres://reader:secret@db/shop', SLOT, 20 * GB);
  expect(records.all()).toMatchObject([{ givenUpBytes: 21 * GB }]);
  expect(logged.slice(1)).toMatchObject([
    { level: 'error', slot: SLOT, msg: expect.stringContaining('21.0 GB') },
  ]);
});

test('the candidate’s disk is protected from the slot of the way back, too', async () => {
  const back = 'ficus_orders_back_0a0a0a0a';
  onlyAt = 'postgres://writer:secret@db/orders';
  const [source, target] = ['postgres://writer@db/orders', 'postgres://reader@db/shop'];
  rows = [{ ...rows[0], slot: back, direction: 'reverse', source, target }];
  slots = [keeps(21 * GB, back)];
  const { watch, records } = await makeWatch();
  await records.record({
    slot: back,
    slice: 'orders',
    direction: 'reverse',
    publication: 'p',
    source,
    target,
  });
  await checkTwice(watch);
  expect(dropSlot).toHaveBeenCalledExactlyOnceWith(onlyAt, back, 20 * GB);
  expect(watch.slotOf('orders', 'reverse')).toMatchObject({ name: back, roomBytes: 0 });
  expect(watch.slotOf('orders')).toBeUndefined();
});

test('found beyond the bound it is dropped after a period, not at once', async () => {
  slots = [keeps(50 * GB)];
  const { watch } = await makeWatch();
  for (const at of [0, 1, 14_999]) {
    now = at;
    await watch.check();
  }
  expect(dropSlot).not.toHaveBeenCalled();
  now = 15_000;
  await watch.check();
  expect(dropSlot).toHaveBeenCalledOnce();
});

test('a stream that is catching up keeps its slot until it stands still', async () => {
  const { watch } = await makeWatch();
  for (let step = 0; step < 20; step++) {
    slots = [{ ...keeps((50 - step) * GB), active: true, position: `0/${step}` }];
    await watch.check();
    now += 15_000;
  }
  expect(dropSlot).not.toHaveBeenCalled();
  now += 60_000;
  await watch.check();
  expect(dropSlot).toHaveBeenCalledOnce();
});

test('a reader between two connections is given the time of one that reads', async () => {
  const { watch } = await makeWatch();
  for (const active of [true, true, false, false]) {
    slots = [{ ...keeps(30 * GB), active }];
    await watch.check();
    now += 15_000;
  }
  expect(dropSlot).not.toHaveBeenCalled();
});

test('a stream that moves behind a faster source is not spared without end', async () => {
  const { watch } = await makeWatch();
  for (const [step, gigabytes] of [5, 15, 25, 35, 39].entries()) {
    slots = [{ ...keeps(gigabytes * GB), active: true, position: `0/${step}` }];
    await watch.check();
    now += 15_000;
  }
  expect(dropSlot).not.toHaveBeenCalled();
  slots = [{ ...keeps(41 * GB), active: true, position: '0/9' }];
  await watch.check();
  expect(dropSlot).toHaveBeenCalledOnce();
});

test('while the control database is away nothing is dropped: another control plane may use the slot', async () => {
  slots = [keeps(21 * GB)];
  const { watch, records } = await makeWatch();
  databaseAway = true;
  await checkTwice(watch);
  expect(dropSlot).not.toHaveBeenCalled();
  expect(records.all()).toMatchObject([{ givenUpBytes: null }]);
  databaseAway = false;
  await watch.check();
  expect(dropSlot).toHaveBeenCalledOnce();
});

test('one that turns out to keep less is not given up', async () => {
  slots = [keeps(21 * GB)];
  dropSlot.mockResolvedValueOnce(false);
  const { watch, records } = await makeWatch();
  await checkTwice(watch);
  expect(dropSlot).toHaveBeenCalledOnce();
  expect(records.all()).toMatchObject([{ givenUpBytes: null }]);
});

test('from half of the bound on it is logged, again after each further tenth', async () => {
  const { watch } = await makeWatch('10GB');
  for (const gigabytes of [4.9, 5, 5.5, 6, 6.9, 9.9]) {
    slots = [keeps(gigabytes * GB)];
    await watch.check();
  }
  expect(logged.map(({ level, msg }) => `${level} ${/\d+ %/.exec(msg)}`)).toEqual([
    'warn 50 %',
    'warn 60 %',
    'warn 99 %',
  ]);
  expect(dropSlot).not.toHaveBeenCalled();
});

test.each([
  ['the server’s own bound', undefined, '100GB'],
  ['a choice', 'unlimited', '-1'],
])('there is no bound of ours with %s', async (_, configured, bound) => {
  serverBound = bound;
  slots = [keeps(90 * GB)];
  const { watch } = await makeWatch(configured);
  await checkTwice(watch);
  expect(dropSlot).not.toHaveBeenCalled();
});

test('a slot that is not recorded is never dropped', async () => {
  slots = [keeps(500 * GB, 'ficus_stock_0b0b0b0b')];
  const { watch } = await makeWatch();
  await checkTwice(watch);
  expect(dropSlot).not.toHaveBeenCalled();
  expect(watch.leftovers()).toMatchObject([{ slice: undefined }]);
});

test('one that cannot be dropped is tried again at the next check', async () => {
  slots = [keeps(21 * GB)];
  dropSlot.mockRejectedValueOnce(new Error('in use'));
  const { watch } = await makeWatch();
  await checkTwice(watch);
  await watch.check();
  expect(dropSlot).toHaveBeenCalledTimes(2);
});

test('a leftover is logged once, and again when it keeps much more', async () => {
  rows = [{ ...rows[0], slice: 'gone' }];
  const { watch } = await makeWatch();
  for (const megabytes of [1, 2, 100, 150, 250]) {
    slots = [keeps(megabytes * 1024 ** 2)];
    await watch.check();
  }
  const lines = logged.filter(({ level }) => level === 'error');
  expect(lines.map(({ msg }) => /[\d.]+ MB/.exec(msg)?.[0])).toEqual(['1.0 MB', '150.0 MB']);
});

test('the slot of a slice is known with the room that our own bound leaves', async () => {
  slots = [keeps(4 * GB)];
  const { watch, records } = await makeWatch('10GB');
  await records.record({
    slot: SLOT,
    slice: 'orders',
    direction: 'forward',
    publication: 'ficus_orders',
    source: 'postgres://reader@db/shop',
    target: 'postgres://writer@db/orders',
  });
  await watch.check();
  expect(watch.slotOf('orders')).toEqual({
    name: SLOT,
    walStatus: 'extended',
    retainedBytes: 4 * GB,
    roomBytes: 6 * GB,
  });
});

test('a check that is asked for while another one runs looks again after it', async () => {
  const { watch } = await makeWatch();
  let later: Promise<unknown> = Promise.resolve();
  onRead = () => {
    onRead = () => undefined;
    slots = [keeps(1, 'ficus_stock_0b0b0b0b')];
    later = Promise.all([watch.check(), watch.check()]);
  };
  await watch.check();
  expect(watch.leftovers()).toEqual([]);
  await later;
  expect(watch.leftovers()).toHaveLength(1);
});

test.each([
  ['the default', undefined, undefined, 20 * GB],
  ['that of the config', '4GB', undefined, 4 * GB],
  ['none', 'unlimited', undefined, undefined],
  ["the server's, which the stream knows", undefined, 7 * GB, 7 * GB],
])('before the first look, the bound of a slot is known: %s', (_, configured, roomBytes, room) => {
  const own = { name: SLOT, walStatus: 'reserved', retainedBytes: 0, roomBytes };
  expect(boundSlot(own, configured).roomBytes).toBe(room);
});
