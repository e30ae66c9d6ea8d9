import type { ReplicationStatus } from '@ficus/core';
import { expect, test } from 'vitest';
import { refuseVerify } from './refuse-verify.ts';

const STATUS: ReplicationStatus = {
  slice: 'visits',
  state: 'streaming',
  appliedLsn: '0/5',
  sourceLsn: '0/5',
  lagBytes: 0,
  lagMs: 0,
  transactionsApplied: 0,
  rowsApplied: 0,
  copy: undefined,
  problem: undefined,
};
const problem = { code: 'FICUS_CDC_SLOT_LOST', message: 'The slot was dropped.', remedy: 'Copy again.' };
const copy = { rowsCopied: 1500, rowsTotal: 4000, rowsPerSecond: 10, done: false };

test.each<[string, Partial<ReplicationStatus>, boolean | undefined, object | undefined]>([
  ['a copied slice whose stream runs', {}, true, undefined],
  ['a source that is away for a moment', { state: 'reconnecting', problem }, true, undefined],
  [
    'a stream that is stopped',
    { state: 'stopped', problem },
    true,
    { code: 'FICUS_CDC_SLOT_LOST', message: 'The stream of visits is stopped: The slot was dropped.' },
  ],
  [
    'a copy that runs',
    { state: 'copying', copy },
    false,
    { code: 'FICUS_CONTROL_NOT_COPIED', message: expect.stringContaining('1,500 of about 4,000 rows') },
  ],
  [
    'a database that has not answered yet',
    {
      state: 'reconnecting',
      problem: { ...problem, code: 'FICUS_DATABASE_UNREACHABLE', message: 'connect ECONNREFUSED.' },
    },
    undefined,
    {
      code: 'FICUS_DATABASE_UNREACHABLE',
      message: 'It is not known yet whether the first copy of visits is complete: connect ECONNREFUSED.',
    },
  ],
  [
    'a stream that has not said anything yet',
    { state: 'starting' },
    undefined,
    { code: 'FICUS_CONTROL_NOT_COPIED', message: expect.stringContaining('not known yet') },
  ],
  ['a copy that has not begun', { state: 'starting' }, false, { code: 'FICUS_CONTROL_NOT_COPIED' }],
])('%s', (_, status, copied, refusal) => {
  const given = refuseVerify({ ...STATUS, ...status }, copied);
  if (refusal) expect(given).toMatchObject(refusal);
  else expect(given).toBeUndefined();
});
