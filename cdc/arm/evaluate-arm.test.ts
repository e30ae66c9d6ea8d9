import { describe, expect, test } from 'vitest';
import type { ArmFacts, SideFacts } from './arm-facts.ts';
import { evaluateArm } from './evaluate-arm.ts';

const settings: SideFacts['settings'] = {
  maxPreparedTransactions: 0,
  lacksStandby: false,
  idleSlotTimeout: undefined,
  maxSlotWalKeepSize: '10GB',
  walLevel: 'logical',
  maxReplicationSlots: 10,
  replicationSlots: 1,
  maxWalSenders: 10,
  walSenders: 1,
  hasSlot: false,
};
const side = (name: SideFacts['side'], given: Partial<SideFacts> = {}): SideFacts => ({
  side: name,
  path: `${name}.database`,
  role: 'ficus',
  seesOthers: true,
  tables: ['public.item'],
  transactions: [],
  writers: [],
  actingKeys: [],
  subscriptions: [],
  eventTriggers: [],
  partitioned: [],
  alsoFenced: [],
  publishAll: [],
  dumpers: [],
  vacuums: [],
  settings,
  ...given,
});
const look = (given: Partial<ArmFacts>) =>
  evaluateArm({
    slice: 's',
    oldOwner: side('legacy'),
    newOwner: side('candidate'),
    inboundKeys: [],
    silentTriggers: [],
    gaps: [],
    ...given,
  }).map(({ severity, code, path }) => [severity, code, path]);
const BOUNDED = ['warning', 'FICUS_CDC_SLOT_RETENTION', 'candidate.database'];

test('a healthy pair: only the bound of the slot is named', () => {
  expect(look({})).toEqual([BOUNDED]);
});

describe('the new owner’s server', () => {
  const withSettings = (given: Partial<SideFacts['settings']>) =>
    look({ newOwner: side('candidate', { settings: { ...settings, ...given } }) });

  test('without a logical WAL there is no way back', () => {
    expect(withSettings({ walLevel: 'replica' })).toEqual([
      ['error', 'FICUS_CDC_WAL_LEVEL', 'candidate.database'],
      BOUNDED,
    ]);
  });

  test('no room is an obstacle, unless the stream back has its slot already', () => {
    const full = { replicationSlots: 10, walSenders: 10 };
    const exhausted = ['error', 'FICUS_CDC_SLOTS_EXHAUSTED', 'candidate.database'];
    expect(withSettings(full)).toEqual([exhausted, exhausted, BOUNDED]);
    expect(withSettings({ ...full, hasSlot: true })).toEqual([BOUNDED]);
  });

  test.each([
    ['0', 1],
    ['0s', 1],
    ['10min', 2],
    [undefined, 1],
  ])('idle slots are dropped after %s', (idleSlotTimeout, findings) => {
    expect(withSettings({ idleSlotTimeout })).toHaveLength(findings);
  });
});

test('a vacuum against wraparound is named when it is due, not when it is ordinary', () => {
  const due = (age: number, running: boolean) =>
    look({
      oldOwner: side('legacy', { vacuums: [{ table: 'public.item', age, bound: 200_000_000, running }] }),
    }).filter(([, code]) => code === 'FICUS_ARM_DDL').length;
  expect([
    due(100_000_000, false),
    due(100_000_000, true),
    due(200_000_001, false),
    due(199_000_000, true),
  ]).toEqual([0, 0, 1, 1]);
});

test('transactions: those on the tables are obstacles on either side; others delay a slot that is still to be made', () => {
  const transaction = {
    pid: 7,
    gid: null,
    role: 'shop',
    application: 'psql',
    state: 'idle in transaction',
    seconds: 60,
    tables: ['public.item'],
    hasWritten: true,
    here: true,
  };
  const error = (path: string) => ['error', 'FICUS_ARM_TRANSACTION', path];
  expect(
    look({
      oldOwner: side('legacy', { transactions: [transaction, { ...transaction, tables: [] }] }),
      newOwner: side('candidate', { transactions: [transaction, { ...transaction, tables: [] }] }),
    }),
  ).toEqual([
    error('legacy.database'),
    error('candidate.database'),
    ['warning', 'FICUS_ARM_TRANSACTION', 'candidate.database'],
    BOUNDED,
  ]);
});

test.each([
  ['cascade', true, 'A TRUNCATE of it by its new owner stops the stream back'],
  ['cascade', true, 'its own rows follow when the stream deletes one (cascade)'],
  ['restrict', true, 'the stream back stops when the new owner does'],
  ['set null', false, '“set null” is not carried out'],
  ['no action', false, 'its own rows refer to nothing'],
] as const)('a key into the slice, ON DELETE %s, acting %s', (onDelete, acts, text) => {
  const key = { name: 'fk', table: 'public.read', references: 'public.item', onDelete, acts };
  const [finding] = evaluateArm({
    slice: 's',
    oldOwner: side('legacy'),
    newOwner: side('candidate'),
    inboundKeys: [key],
    silentTriggers: [],
    gaps: [],
  });
  expect(finding).toMatchObject({ severity: 'warning', path: 'legacy.database' });
  expect(finding?.message).toContain(text);
});
