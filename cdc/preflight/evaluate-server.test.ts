import { expect, test } from 'vitest';
import { evaluateSource, evaluateVersion, type SourceFacts } from './evaluate-server.ts';

const WELL: SourceFacts = {
  role: 'ficus',
  database: 'shop',
  walLevel: 'logical',
  maxReplicationSlots: 10,
  replicationSlots: 2,
  maxWalSenders: 10,
  walSenders: 2,
  maxSlotWalKeepSize: '10GB',
  mayReplicate: true,
  mayCreate: true,
  hasPublication: false,
  mayGuard: null,
  isWide: false,
  hasSlot: false,
};

const codes = (facts: Partial<SourceFacts>) =>
  evaluateSource('legacy.database', { ...WELL, ...facts }, 'ficus_a').map(
    ({ code, severity }) => `${severity} ${code}`,
  );

test('a suitable server has no findings', () => {
  expect(codes({})).toEqual([]);
});

test('each problem is one finding', () => {
  expect(codes({ walLevel: 'replica' })).toEqual(['error FICUS_CDC_WAL_LEVEL']);
  expect(codes({ replicationSlots: 10 })).toEqual(['error FICUS_CDC_SLOTS_EXHAUSTED']);
  expect(codes({ walSenders: 10 })).toEqual(['error FICUS_CDC_SLOTS_EXHAUSTED']);
  expect(codes({ maxSlotWalKeepSize: '-1' })).toEqual(['warning FICUS_CDC_SLOT_RETENTION']);
  expect(codes({ mayReplicate: false })).toEqual(['error FICUS_CDC_PRIVILEGE']);
  expect(codes({ mayCreate: false })).toEqual(['error FICUS_CDC_PRIVILEGE']);
});

test('existing parts of a stream need no privilege to create them', () => {
  expect(codes({ replicationSlots: 10, walSenders: 10, hasSlot: true })).toEqual([]);
  expect(codes({ mayCreate: false, hasPublication: true })).toEqual([]);
});

test('a publication that the role cannot alter leaves the source unguarded', () => {
  const remedies = (facts: Partial<SourceFacts>) =>
    evaluateSource('legacy.database', { ...WELL, hasPublication: true, ...facts }, 'ficus_a').map(
      ({ severity, remedySql }) => [severity, remedySql],
    );
  expect(remedies({ mayGuard: true })).toEqual([]);
  expect(remedies({ mayGuard: false })).toEqual([
    ['warning', 'ALTER PUBLICATION "ficus_a" OWNER TO "ficus";'],
  ]);
  expect(remedies({ mayGuard: false, isWide: true })).toEqual([['warning', undefined]]);
});

test('the oldest supported version', () => {
  expect(evaluateVersion('x', 150_000)).toEqual([]);
  expect(evaluateVersion('x', 140_012)[0]?.message).toBe(
    'The server is PostgreSQL 14.12; Ficus needs 15 or newer.',
  );
});
