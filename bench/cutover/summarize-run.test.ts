import { expect, test } from 'vitest';
import { auditWrites } from '../../sample/audit/audit-writes.ts';
import type { WriteRecord } from '../../sample/load/write-record.ts';
import type { Round, RunRecords } from './rounds.ts';
import { summarizeRun } from './summarize-run.ts';

const write = (key: string, dueAt: number, endedAt: number, failure = ''): WriteRecord => ({
  key,
  dueAt,
  endedAt,
  acknowledged: failure === '',
  failure,
  side: 'candidate',
});

/** A write each 10 ms; those due within a pause wait for its end. */
function paused(...pauses: readonly (readonly [from: number, to: number])[]): WriteRecord[] {
  return Array.from({ length: 1_000 }, (_, at) => {
    const dueAt = at * 10;
    const pause = pauses.find(([from, to]) => dueAt >= from && dueAt < to);
    return write(`w${at}`, dueAt, pause ? pause[1] + 1 : dueAt + 1);
  });
}

const door = (kind: 'timer job' | 'psql', writes: WriteRecord[], rows: readonly string[]) => ({
  kind,
  writes,
  audit: auditWrites(writes, new Map(rows.map((key) => [key, 1]))),
});

const round: Round = {
  direction: 'forward',
  armMs: 700,
  switched: {
    ...{ orderedAt: 4_000, from: 5_000, to: 5_300, endedAt: 7_000 },
    ...{ steps: { pause: 100, resume: 200 }, abandoned: 1 },
  },
  sideDoors: [
    door('timer job', [write('t1', 0, 1), write('t2', 5_200, 5_201)], ['t1']),
    door('psql', [write('p1', 5_200, 5_201, 'FI001 moved')], []),
  ],
};

/** The second one comes when the change of owner is over, and what follows it is not. */
const writes = paused([5_000, 5_300], [6_400, 6_900]);
const records: RunRecords = {
  rounds: [round],
  writes,
  reads: [
    { dueAt: 0, endedAt: 1, failure: '', ownWrite: 'unchecked' },
    { dueAt: 9, endedAt: 10, failure: '', ownWrite: 'seen' },
    { dueAt: 19, endedAt: 20, failure: '', ownWrite: 'stale' },
    { dueAt: 29, endedAt: 30, failure: 'status 500', ownWrite: 'unchecked' },
  ],
  onOwner: auditWrites(writes, new Map(writes.slice(1).map(({ key }) => [key, 1]))),
  onOther: undefined,
};

test('the pause is what the change of owner took from the clients; the time before it is quiet', () => {
  expect(summarizeRun(records)).toMatchObject({
    writePauseMs: { p50: 310, p95: 310, max: 310 },
    attemptPauseMs: { max: 510 },
    quietPauseMs: { max: 10 },
    quietLatency: { maxMs: 1 },
    writeLatency: { maxMs: 301 },
    orderMs: { p50: 3_000 },
    rounds: [{ direction: 'forward', writePauseMs: 310, pausedAtMs: -9, stepsMs: { pause: 100 } }],
    stepsMs: { pause: { p50: 100 }, resume: { p50: 200 } },
  });
});

test('what was lost, refused and stale is counted', () => {
  expect(summarizeRun(records)).toMatchObject({
    abandoned: 1,
    acknowledged: 1_000,
    servedBy: { candidate: 1_000 },
    onOwner: { missing: 1, missingKeys: ['w0'], unconfirmed: 0, duplicates: 0, extra: 0 },
    onOther: null,
    failed: { writes: {}, reads: { 'status 500': 1 } },
    ownWrites: { checked: 2, stale: 1 },
    sideDoors: {
      'timer job': { acknowledged: 2, refused: {}, missing: 1 },
      psql: { acknowledged: 0, refused: { 'FI001 moved': 1 }, missing: 0 },
    },
  });
});
