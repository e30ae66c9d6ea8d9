import type { ReplicationStatus } from '@ficus/core';
import { expect, test } from 'vitest';
import { evaluateRollback, type RollbackFacts } from './evaluate-rollback.ts';

const running: ReplicationStatus = {
  ...{ slice: 'orders', state: 'streaming', appliedLsn: '0/1', sourceLsn: '0/1', lagBytes: 0, lagMs: 3.2 },
  ...{ transactionsApplied: 1, rowsApplied: 1, copy: undefined, problem: undefined },
};
const problem = { code: 'FICUS_CDC_CONFLICT', message: 'A row is refused.', remedy: '' };
const slot = { name: 's', walStatus: 'extended', retainedBytes: 2_000_000, roomBytes: 5_000_000 };
const moved: RollbackFacts = {
  ...{ slice: 'orders', owner: 'candidate', retired: false, hasTables: true, canFlip: true, back: running },
};

test.each([
  ['a stream back that runs', moved, 'pass', /3 ms behind: `ficus rollback orders` loses nothing/],
  ['no stream back', { ...moved, back: undefined }, 'fail', /would lose what the candidate has written/],
  [
    'one that has stopped, with what is left to act',
    { ...moved, back: { ...running, state: 'stopped' as const, problem, slot } },
    'fail',
    /A row is refused\. What the candidate writes .* after .* more the way back is lost/,
  ],
  [
    'one whose slot is lost',
    {
      ...moved,
      back: { ...running, state: 'stopped' as const, problem, slot: { ...slot, walStatus: 'lost' } },
    },
    'fail',
    /Its slot is lost/,
  ],
  ['one without progress', { ...moved, back: { ...running, lagMs: 60_000 } }, 'fail', /60 s old/],
  [
    'one that has just started',
    { ...moved, back: { ...running, state: 'starting' as const } },
    'insufficient evidence',
    /not known yet/,
  ],
  [
    'a legacy that may not be the owner',
    { ...moved, owner: 'legacy' as const, inconsistency: 'The fences say otherwise.' },
    'insufficient evidence',
    /not known\. The fences say otherwise/,
  ],
  ['a retired slice', { ...moved, retired: true }, 'fail', /retired/],
  ['before a cutover', { ...moved, owner: 'legacy' as const }, 'pass', /serving 0 % brings every read back/],
  ['without tables', { ...moved, owner: 'legacy' as const, hasTables: false }, 'pass', /stays there/],
  ['without flags', { ...moved, owner: 'legacy' as const, canFlip: false }, 'fail', /No flag can be set/],
] as const)('%s', (_, facts, answer, text) => {
  expect(evaluateRollback(facts)).toEqual({ answer, text: expect.stringMatching(text) });
});
