/** What is known of a first copy stays known while a database is away, and what is not known is not denied. */
import type { FicusConfig, ReplicationStatus } from '@ficus/core';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type OpenReplication, ReplicationSet } from './replication-set.ts';

const CONFIG = {
  legacy: { database: 'postgres://legacy/shop' },
  slices: {
    visits: {
      tables: [{ from: 'public.visit', to: 'public.visit' }],
      candidate: { database: 'postgres://candidate/visits' },
      copy: {},
    },
  },
} as unknown as FicusConfig;
const copy = (done: boolean) => ({ rowsCopied: 5, rowsTotal: 5, rowsPerSecond: 1, done });

/** A stream whose status and answer the test sets. */
async function begin(answer: () => Promise<boolean>, first: Partial<ReplicationStatus>) {
  let status = { slice: 'visits', lagMs: 0, lagBytes: 0, ...first } as ReplicationStatus;
  let notify: (status: ReplicationStatus) => void = () => undefined;
  const unused = () => Promise.reject(new Error('not used'));
  const open: OpenReplication = () => ({
    start: async () => undefined,
    stop: async () => undefined,
    status: () => status,
    copied: answer,
    subscribe: (listener) => {
      notify = listener;
      return () => undefined;
    },
    currentPosition: unused,
    waitForPosition: unused,
    waitForDurable: unused,
    lookAtTables: unused,
    changeEpoch: unused,
    proveRoundTrip: unused,
    drop: unused,
  });
  const facts = { record: unused, slotOf: () => undefined, givenUp: () => undefined };
  const set = new ReplicationSet(open, () => 1, facts as never, pino({ level: 'silent' }));
  await set.reconfigure(CONFIG, true);
  await expect.poll(() => set.port('visits')).toBeDefined();
  return {
    set,
    becomes(part: Partial<ReplicationStatus>) {
      status = { ...status, ...part };
      notify(status);
    },
  };
}

test('a copy that was completed stays complete while the databases are away', async () => {
  const { set, becomes } = await begin(async () => false, { state: 'copying', copy: copy(false) });
  expect(set.copied('visits')).toBe(false);
  becomes({ state: 'streaming', copy: copy(true) });
  expect(set.copied('visits')).toBe(true);
  becomes({ state: 'reconnecting', copy: undefined });
  expect(set.copied('visits')).toBe(true);
  await set.stopAll();
});

test('until the candidate’s database has answered it is not known, and the stream is not stopped', async () => {
  const { set, becomes } = await begin(() => Promise.reject(new Error('connect ECONNREFUSED')), {
    state: 'reconnecting',
  });
  expect(set.copied('visits')).toBeUndefined();
  expect(set.status('visits')).toMatchObject({ state: 'reconnecting', problem: undefined });
  becomes({ state: 'streaming', copy: copy(true) });
  expect(set.copied('visits')).toBe(true);
  await set.stopAll();
});
