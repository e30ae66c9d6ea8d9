/** Each fact that decides how a stream starts, one at a time. */
import { expect, test } from 'vitest';
import { decideStart, type StartFacts } from './decide-start.ts';

const SYSTEM = { systemIdentifier: '7001', timeline: 1 };
const KNOWN = { epoch: 2, lsn: '0/50', slot: 'facts', leftOutUntil: '0/0', ...SYSTEM };
const SLOT = { confirmedFlushLsn: '0/40', walStatus: 'reserved', invalidationReason: undefined };

const AS_LEFT = {
  checkpoint: KNOWN,
  slot: SLOT,
  system: SYSTEM,
  sourceLsn: '0/50',
  epoch: 2,
} as unknown as StartFacts;

test.each([
  ['a slot without a checkpoint', { checkpoint: undefined }, { kind: 'begin', dropSlot: true }],
  ['nothing at all', { checkpoint: undefined, slot: undefined }, { kind: 'begin', dropSlot: false }],
  ['all as it was left', {}, { kind: 'resume', lsn: '0/50' }],
  ['a higher epoch of ours', { epoch: 3 }, { kind: 'resume', lsn: '0/50' }],
])('%s: the stream starts', (_, changed, decision) => {
  expect(decideStart({ ...AS_LEFT, ...changed } as StartFacts)).toEqual(decision);
});

test.each([
  ['a higher epoch of the target', { epoch: 1 }, 'FICUS_CDC_EPOCH_BEHIND'],
  ['another cluster', { system: { ...SYSTEM, systemIdentifier: '7002' } }, 'FICUS_CDC_SOURCE_CHANGED'],
  ['another timeline', { system: { ...SYSTEM, timeline: 2 } }, 'FICUS_CDC_SOURCE_CHANGED'],
  ['WAL that ends before the checkpoint', { sourceLsn: '0/4F' }, 'FICUS_CDC_SOURCE_CHANGED'],
  ['no slot', { slot: undefined }, 'FICUS_CDC_SLOT_LOST'],
  ['an invalidated slot', { slot: { ...SLOT, walStatus: 'lost' } }, 'FICUS_CDC_SLOT_LOST'],
  [
    'a slot that begins after the checkpoint',
    { slot: { ...SLOT, confirmedFlushLsn: '0/60' } },
    'FICUS_CDC_SLOT_LOST',
  ],
])('%s: the stream must not start', (_, changed, code) => {
  expect(decideStart({ ...AS_LEFT, ...changed } as StartFacts)).toMatchObject({ kind: 'refuse', code });
});

test('a slot of a source that was restored to an earlier state is not left to later starts', () => {
  const restored = { ...AS_LEFT, sourceLsn: '0/4F' };
  expect(decideStart(restored)).toMatchObject({ dropSlot: true });
  expect(decideStart({ ...restored, slot: undefined })).toMatchObject({ dropSlot: false });
});
