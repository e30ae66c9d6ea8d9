import { beforeEach, expect, test } from 'vitest';
import { Batch } from '../batch/batch.ts';
import type { AppliedBatch } from '../replication.ts';
import { BatchReports } from './batch-reports.ts';

const stream = { publication: 'ficus_notes', slot: 'ficus_notes_01234567' };
let reported: AppliedBatch[];
let reports: BatchReports;
beforeEach(() => {
  reported = [];
  reports = new BatchReports(
    stream,
    () => 7,
    (batch) => reported.push(batch),
  );
});

function apply(facts: Partial<Pick<Batch, 'changes' | 'transactions' | 'firstLsn' | 'endLsn'>>): void {
  reports.begin();
  reports.ended(Object.assign(new Batch(Buffer.alloc(0)), facts));
}

test('a target transaction is reported once it has committed', () => {
  apply({ changes: 3, transactions: 2, firstLsn: 10n, endLsn: 20n });
  expect(reported).toEqual([]);
  reports.committed();
  expect(reported).toMatchObject([
    { ...stream, transactions: 2, rows: 3, firstLsn: 10n, lastLsn: 20n, lagMs: 7, error: undefined },
  ]);
  expect(reported[0]!.endedAtMs).toBeGreaterThanOrEqual(reported[0]!.startedAtMs);
});

test('the parts of a large transaction are one', () => {
  apply({ changes: 5, transactions: 1, firstLsn: 10n, endLsn: 20n });
  apply({ changes: 5 });
  apply({ changes: 1, transactions: 1, firstLsn: 30n, endLsn: 40n });
  reports.committed();
  expect(reported).toMatchObject([{ transactions: 2, rows: 11, firstLsn: 10n, lastLsn: 40n }]);
});

test('heartbeats alone are none', () => {
  apply({ transactions: 1, firstLsn: 10n, endLsn: 20n });
  reports.committed();
  apply({ changes: 1, transactions: 1, firstLsn: 30n, endLsn: 40n });
  reports.committed();
  expect(reported).toMatchObject([{ rows: 1, firstLsn: 30n }]);
});

test.each([
  [Object.assign(new Error('row 7 of ann'), { code: 'FICUS_CDC_CONFLICT' }), 'FICUS_CDC_CONFLICT'],
  [Object.assign(new Error('key (email)=(ann)'), { code: '23505' }), '23505'],
  [new TypeError('ann'), 'TypeError'],
])('one that fails is reported with a word, and without its message: %s', (error, word) => {
  apply({ changes: 1, transactions: 1, firstLsn: 10n, endLsn: 20n });
  reports.failed(error);
  expect(reported).toMatchObject([{ rows: 1, error: word }]);
  expect(Object.values(reported[0]!).join()).not.toContain('ann');
});
