import type { SliceConfig } from '@ficus/core';
import { expect, test } from 'vitest';
import type { VerifyOutcome } from '../../replications/verify-runs.ts';
import type { ArmCheck, ArmContext, KnownVerify } from './arm-context.ts';
import { armSlice } from './arm-slice.ts';
import { checkObstacles } from './check-obstacles.ts';
import { checkSequences } from './check-sequences.ts';
import { checkStream } from './check-stream.ts';
import { checkVerified } from './check-verified.ts';
import { checkWayBack } from './check-way-back.ts';
import { checkWriters } from './check-writers.ts';
import { checkWrittenBy } from './check-written-by.ts';

const NOW = 10 * 24 * 3_600_000;
const outcome = (over: Partial<VerifyOutcome> = {}): VerifyOutcome =>
  ({
    ...{ verdict: 'match', reason: undefined, rowsCompared: { source: 3, target: 3 }, nothingChanged: false },
    ...{
      changesUnknown: false,
      rowsPerSecond: 1,
      tables: [],
      differences: [],
      differencesNotListed: 0,
      resume: undefined,
    },
    ...over,
  }) as VerifyOutcome;
const UNKNOWN = outcome({ verdict: 'inconclusive', changesUnknown: true, reason: 'Unknown.' });
const full: KnownVerify = { mode: 'full', verdict: 'match', startedAtMs: NOW - 60_000 };
const port = {
  currentPosition: async () => '0/1',
  waitForPosition: async () => true,
  waitForDurable: async () => true,
  proveRoundTrip: async () => ({ arrived: true, tookMs: 4 }),
};
const streaming = { state: 'streaming', lagMs: 2, lagBytes: 10 };

/** All is well, but for what is given. */
function context(over: Record<string, unknown> = {}): { it: ArmContext; notes: string[]; calls: string[] } {
  const [notes, calls]: [string[], string[]] = [[], []];
  const call =
    <T>(name: string, answer: T) =>
    async () => {
      calls.push(name);
      return answer;
    };
  const it = {
    attempt: { slice: 'orders', operation: 'cutover', noWayBack: false, rehearsal: false },
    config: { writtenBy: [] } as unknown as SliceConfig,
    places: { tables: [{}] },
    sides: {
      prepare: call('prepare', undefined),
      sequenceReport: async () => ({ setAhead: call('set', { ahead: true, findings: [], sequences: [] }) }),
    },
    engine: { findObstacles: async () => [] },
    signal: new AbortController().signal,
    port: () => port,
    status: () => streaming,
    onStatus: () => () => undefined,
    copied: () => true,
    armReverse: call('arm reverse', undefined),
    disarmReverse: call('disarm reverse', undefined),
    reverseMadeAtMs: () => NOW - 120_000,
    lastVerify: () => full,
    verifyFull: call('full', outcome()),
    verifyRecent: call('recent', outcome()),
    writers: async () => ({ answer: 'pass', text: '', reasons: [] }),
    journalMs: async () => 1,
    now: () => NOW,
    note: (text: string) => notes.push(text),
    ...over,
  } as unknown as ArmContext;
  return { it, notes, calls };
}

const attempt = (over: object) => ({ attempt: { ...context().it.attempt, ...over } });
const codes = (refusals: readonly { code: string }[]) => refusals.map(({ code }) => code);

test('when all is well nothing is refused, and the sessions of the hold are opened', async () => {
  const { it, calls } = context();
  expect(await armSlice(it)).toEqual({ refusals: [], notes: [] });
  expect(calls).toEqual(['set', 'arm reverse', 'recent', 'prepare']);
});

test('everything that prevents it is named in one run; without a stream the checks that need it are left out', async () => {
  const { it, calls } = context({
    status: () => ({ state: 'stopped', problem: { message: 'A row is refused' } }),
    writers: async () => ({ answer: 'fail', text: '', reasons: ['cron writes.', 'psql writes.'] }),
    config: { writtenBy: [{ methods: ['POST'], path: '/api/orders' }] },
  });
  const { refusals } = await armSlice(it);
  expect(codes(refusals)).toEqual([
    'FICUS_CUTOVER_WRITTEN_BY',
    'FICUS_CUTOVER_WRITER_UNEXPLAINED',
    'FICUS_CUTOVER_WRITER_UNEXPLAINED',
    'FICUS_CUTOVER_NOT_READY',
  ]);
  expect(calls).toEqual([]);
});

test.each<[string, Record<string, unknown>, ArmCheck, string]>([
  ['a stream that is not copied', { copied: () => false }, checkStream, 'FICUS_CUTOVER_NOT_READY'],
  [
    'a lag over its bound',
    { port: () => ({ ...port, waitForPosition: async () => false }), signal: AbortSignal.abort() },
    checkStream,
    'FICUS_CUTOVER_LAG',
  ],
  [
    'requests outside the slice',
    { config: { writtenBy: [{ methods: ['POST'], path: '/x' }] } },
    checkWrittenBy,
    'FICUS_CUTOVER_WRITTEN_BY',
  ],
  [
    'writers without enough evidence',
    { writers: async () => ({ answer: 'insufficient evidence', text: 'No.', reasons: [] }) },
    checkWriters,
    'FICUS_CUTOVER_WRITERS_UNKNOWN',
  ],
  ['no comparison', { lastVerify: () => undefined }, checkVerified, 'FICUS_CUTOVER_NOT_VERIFIED'],
  [
    'an unclean comparison',
    { lastVerify: () => ({ ...full, verdict: 'mismatch' }) },
    checkVerified,
    'FICUS_CUTOVER_NOT_VERIFIED',
  ],
  [
    'a stale comparison',
    { lastVerify: () => ({ ...full, startedAtMs: NOW - 25 * 3_600_000 }) },
    checkVerified,
    'FICUS_CUTOVER_NOT_VERIFIED',
  ],
  [
    'changed rows that differ',
    { verifyRecent: async () => outcome({ verdict: 'mismatch' }) },
    checkVerified,
    'FICUS_CUTOVER_NOT_VERIFIED',
  ],
  [
    'changes that are not known',
    { verifyRecent: async () => UNKNOWN },
    checkVerified,
    'FICUS_CUTOVER_NOT_VERIFIED',
  ],
  [
    'a stream back that has stopped',
    { status: () => ({ state: 'stopped', problem: { code: 'FICUS_CDC_PRIVILEGE', message: 'No right.' } }) },
    checkWayBack,
    'FICUS_CUTOVER_REVERSE_NOT_PROVEN',
  ],
  [
    'a round trip that fails',
    {
      port: () => ({
        ...port,
        proveRoundTrip: async () => ({ arrived: false, problem: { message: 'Lost.' } }),
      }),
    },
    checkWayBack,
    'FICUS_CUTOVER_REVERSE_NOT_PROVEN',
  ],
  [
    'a mapping without a way back',
    {
      status: () => ({
        state: 'stopped',
        problem: { code: 'FICUS_CDC_NO_WAY_BACK', message: 'total is computed.' },
      }),
    },
    checkWayBack,
    'FICUS_CUTOVER_NO_WAY_BACK',
  ],
  [
    'an obstacle in a catalog',
    {
      engine: {
        findObstacles: async () => [{ severity: 'error', code: 'FICUS_ARM_TRANSACTION', message: 'Open.' }],
      },
    },
    checkObstacles,
    'FICUS_CUTOVER_OBSTACLE',
  ],
  [
    'sequences that cannot be set',
    {
      sides: {
        sequenceReport: async () => ({
          setAhead: async () => ({
            ahead: false,
            findings: [],
            sequences: [{ sequence: 's', ahead: false }],
          }),
        }),
      },
    },
    checkSequences,
    'FICUS_CUTOVER_SEQUENCES',
  ],
])('%s is refused', async (_, over, check, code) => {
  expect(codes(await check(context(over).it))).toEqual([code]);
});

test('what was confirmed to have no way back is carried out without a stream back', async () => {
  const problem = { code: 'FICUS_CDC_NO_WAY_BACK', message: 'total is computed.' };
  const { it, calls, notes } = context({
    ...attempt({ noWayBack: true }),
    status: () => ({ state: 'stopped', problem }),
  });
  expect(await checkWayBack(it)).toEqual([]);
  expect(calls).toEqual(['arm reverse', 'disarm reverse']);
  expect(notes).toHaveLength(1);
});

test('a comparison that began before the stream back missed nothing is made again', async () => {
  const { it, calls } = context({ reverseMadeAtMs: () => NOW - 30_000 });
  expect(await checkVerified(it)).toEqual([]);
  expect(calls).toEqual(['full', 'recent']);
});

test('all rows are compared when a stream has started again and does not know what changed, of a rollback as well', async () => {
  let isKnown = false;
  const { it, calls } = context({
    ...attempt({ operation: 'rollback' }),
    verifyRecent: async () => (isKnown ? outcome() : UNKNOWN),
  });
  const verifyFull = async () => {
    isKnown = true;
    return it.verifyFull();
  };
  expect(await checkVerified({ ...it, verifyFull })).toEqual([]);
  expect(calls).toEqual(['full']);
  const unequal = context({
    ...attempt({ operation: 'rollback' }),
    verifyRecent: async () => UNKNOWN,
    verifyFull: async () => outcome({ verdict: 'mismatch' }),
  });
  expect(codes(await checkVerified(unequal.it))).toEqual(['FICUS_CUTOVER_NOT_VERIFIED']);
});

test('rows whose comparison ended without an answer are compared again, and no others', async () => {
  const behind = outcome({ verdict: 'inconclusive', reason: 'The stream is behind.' });
  let left = 2;
  const { it, calls } = context({ verifyRecent: async () => (left-- > 0 ? behind : outcome()) });
  expect(await checkVerified(it)).toEqual([]);
  expect(calls).toEqual([]);
  const never = context({ verifyRecent: async () => behind });
  expect(await checkVerified(never.it)).toEqual([
    { code: 'FICUS_CUTOVER_NOT_VERIFIED', message: 'The stream is behind.' },
  ]);
  expect([never.calls, never.notes]).toEqual([[], []]);
});

test('changed rows are compared until few are left, and no longer than that', async () => {
  const sizes = [9_000, 2_000, 400];
  let at = 0;
  const verifyRecent = async () => outcome({ rowsCompared: { source: sizes[at++] ?? 0, target: 0 } });
  expect(await checkVerified(context({ verifyRecent }).it)).toEqual([]);
  expect(at).toBe(3);
  const busy = context({ verifyRecent: async () => outcome({ rowsCompared: { source: 9_000, target: 0 } }) });
  expect(await checkVerified(busy.it)).toEqual([]);
  expect(busy.notes).toHaveLength(1);
});

test('of a rollback neither writers nor requests outside the slice are asked, and the stream back runs already', async () => {
  const { it, calls } = context({
    ...attempt({ operation: 'rollback' }),
    writers: async () => ({ answer: 'fail', text: '', reasons: ['x'] }),
    config: { writtenBy: [{ methods: ['POST'], path: '/x' }] },
    lastVerify: () => undefined,
  });
  expect(await armSlice(it)).toEqual({ refusals: [], notes: [] });
  expect(calls).toEqual(['set', 'recent', 'prepare']);
});
