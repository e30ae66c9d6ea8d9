import type { ReplicationStatus } from '@ficus/core';
import { expect, test } from 'vitest';
import { lagOf } from './build-replication-view.ts';

const status = (part: Partial<ReplicationStatus>): ReplicationStatus => ({
  slice: 's',
  state: 'streaming',
  appliedLsn: '0/1',
  sourceLsn: '0/1',
  lagBytes: 0,
  lagMs: 5,
  transactionsApplied: 0,
  rowsApplied: 0,
  copy: undefined,
  problem: undefined,
  ...part,
});
const slot = (behindBytes: number | undefined) => ({
  name: 'ficus_s_0a0a0a0a',
  walStatus: 'reserved',
  retainedBytes: 500_000,
  roomBytes: undefined,
  behindBytes,
});
const UNKNOWN = { lagBytes: null, lagTransactions: null };

test.each<[string, Partial<ReplicationStatus>, ReturnType<typeof lagOf>]>([
  [
    'a stream that runs knows its lag',
    { lagBytes: 7, lagTransactions: 2 },
    { lagBytes: 7, lagTransactions: 2 },
  ],
  ['also one without any', { slot: slot(90) }, { lagBytes: 0, lagTransactions: 0 }],
  [
    'of a stopped one the slot knows it',
    { state: 'stopped', slot: slot(126_328) },
    { lagBytes: 126_328, lagTransactions: null },
  ],
  [
    'and of one that reconnects',
    { state: 'reconnecting', lagTransactions: 3, slot: slot(90) },
    { lagBytes: 90, lagTransactions: null },
  ],
  ['a slot that was seen before the stop says nothing', { state: 'stopped', slot: slot(0) }, UNKNOWN],
  ['nor does one that was not seen', { state: 'starting' }, UNKNOWN],
  ['another process knows its own lag', { state: 'standby', slot: slot(undefined) }, UNKNOWN],
])('%s', (_, part, lag) => {
  expect(lagOf(status(part))).toEqual(lag);
});
