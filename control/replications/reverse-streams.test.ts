import type { FicusConfig, ReplicationStatus } from '@ficus/core';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { type OpenReplicationOptions, type ReplicationPort, ReplicationSet } from './replication-set.ts';
import { ReverseStreams } from './reverse-streams.ts';

const CONFIG = {
  legacy: { database: 'postgres://legacy/shop' },
  slices: {
    visits: {
      tables: [{ from: 'public.visit', to: 'public.visitor' }],
      candidate: { database: 'postgres://candidate/visits' },
      copy: {},
    },
  },
} as unknown as FicusConfig;

const logger = pino({ level: 'silent' });

/** Rows of reverse_stream. */
let rows: Map<string, { slice: string; madeAt: Date | null }>;
let opened: { options: OpenReplicationOptions; epochs: number[]; dropped: boolean; stopped: boolean }[];
let forward: Pick<ReplicationStatus, 'state'>;
let copied: boolean | undefined;
let epoch: number;
let away: boolean;

beforeEach(() => {
  [rows, opened, forward, copied, epoch] = [new Map(), [], { state: 'streaming' }, true, 4];
  away = false;
});

const query = async (text: string, [slice, madeAt]: readonly unknown[] = []) => {
  if (text.startsWith('INSERT')) rows.set(slice as string, { slice: slice as string, madeAt: null });
  if (text.startsWith('UPDATE')) rows.get(slice as string)!.madeAt ??= madeAt as Date;
  if (text.startsWith('DELETE')) rows.delete(slice as string);
  return text.startsWith('SELECT') ? [...rows.values()] : [];
};

function open(options: OpenReplicationOptions): ReplicationPort {
  const seen = { options, epochs: [] as number[], dropped: false, stopped: false };
  opened.push(seen);
  return {
    start: async () => undefined,
    status: () => ({ slice: 'visits', state: 'streaming' }) as ReplicationStatus,
    subscribe: () => () => undefined,
    copied: async () => true,
    changeEpoch: async (epoch: number) => seen.epochs.push(epoch) > 0,
    stop: async () => {
      seen.stopped = true;
    },
    drop: async () => {
      if (away) throw new Error('the candidate is away');
      seen.dropped = true;
      return [];
    },
  } as unknown as ReplicationPort;
}

function load(): Promise<ReverseStreams> {
  const facts = { record: async () => undefined, slotOf: () => undefined, givenUp: () => undefined };
  return ReverseStreams.load({
    store: { query } as never,
    forward: { status: () => forward as ReplicationStatus, copied: () => copied },
    makeSet: (isWanted) =>
      new ReplicationSet(open, () => epoch, facts, logger, { direction: 'reverse', isWanted }),
    config: () => CONFIG,
    logger,
  });
}

test('armed, the stream goes from the candidate to the legacy, in the slice’s epoch', async () => {
  const streams = await load();
  expect(streams.status('visits')).toBeUndefined();
  await streams.arm('visits');
  await streams.arm('visits');
  await expect.poll(() => streams.port('visits')).toBeDefined();
  expect(opened.map(({ options }) => options)).toMatchObject([
    {
      direction: 'reverse',
      sourceUrl: 'postgres://candidate/visits',
      targetUrl: 'postgres://legacy/shop',
      tables: [{ from: 'public.visit', to: 'public.visitor' }],
      epoch: 4,
    },
  ]);
  await expect.poll(() => rows.get('visits')?.madeAt).toEqual(streams.madeAt('visits'));
  expect(streams.madeAt('visits')).toBeInstanceOf(Date);
});

test('is refused while the candidate lacks rows', async () => {
  const streams = await load();
  copied = undefined;
  await expect(streams.arm('visits')).rejects.toMatchObject({ code: 'FICUS_CONTROL_NOT_COPIED' });
  [copied, forward] = [true, { state: 'reconnecting' }];
  await expect(streams.arm('visits')).rejects.toMatchObject({ code: 'FICUS_CONTROL_NOT_COPIED' });
  expect([rows.size, opened.length, streams.isArmed('visits')]).toEqual([0, 0, false]);
});

test('a restart starts it again, and knows since when it has existed', async () => {
  const madeAt = new Date(5000);
  rows.set('visits', { slice: 'visits', madeAt });
  const streams = await load();
  expect(opened).toEqual([]);
  streams.startAll();
  await expect.poll(() => streams.port('visits')).toBeDefined();
  expect(streams.madeAt('visits')).toEqual(madeAt);
});

test('an epoch reaches it without a restart, also one that a new config brings along', async () => {
  const streams = await load();
  await streams.arm('visits');
  await expect.poll(() => streams.port('visits')).toBeDefined();
  epoch = 5;
  expect(await streams.changeEpoch('visits', 100)).toBe(true);
  epoch = 6;
  await streams.reconfigure();
  expect(opened.map(({ epochs, stopped }) => [epochs, stopped])).toEqual([[[5, 6], false]]);
});

test('disarmed, everything that it made is removed', async () => {
  const streams = await load();
  await streams.arm('visits');
  await streams.disarm('visits');
  await streams.disarm('visits');
  expect([opened[0]?.dropped, rows.size, streams.isArmed('visits'), streams.port('visits')]).toEqual([
    true,
    0,
    false,
    undefined,
  ]);
});

test('what cannot be removed now is still armed, and runs', async () => {
  const streams = await load();
  await streams.arm('visits');
  await expect.poll(() => streams.port('visits')).toBeDefined();
  away = true;
  await expect(streams.disarm('visits')).rejects.toThrow('away');
  expect([streams.isArmed('visits'), rows.size, opened.length]).toEqual([true, 1, 2]);
  expect(streams.port('visits')).toBeDefined();
  away = false;
  await streams.disarm('visits');
  expect([streams.isArmed('visits'), rows.size]).toEqual([false, 0]);
});
