import { expect, test } from 'vitest';
import { describeFindings, formatMatrix } from './format-matrix.ts';
import type { CellResult } from './run-cell.ts';

const cell = (over: Partial<CellResult>): CellResult => ({
  ...{ victim: 'worker', signal: 'KILL', step: 'hold', direction: 'forward', outcome: 'completed' },
  ...{ by: 'itself', why: '', ms: 10, gapMs: 20, acknowledged: 9, codes: {}, lost: [], faults: [] },
  failed: { 'held too long': 0, 'by the victim': 1, other: 0 },
  ...over,
});

test('a row for each way of being hit, forward and back in one place, figures at its end', () => {
  const text = formatMatrix([
    cell({}),
    cell({ direction: 'back', outcome: 'as before', by: 'restart', ms: 30 }),
    cell({ direction: 'back', outcome: 'stuck', ms: 40, lost: ['x'] }),
  ]);
  const [head, , row] = text.split('\n');
  expect(head).toMatch(/^\| hit \| arm \| lease \| hold \|/);
  expect(row).toBe(
    '| worker KILL |  |  | ● ○ʳ✗ |  |  |  |  |  |  |  |  | 30 (40) | 20 | 0 | 3 | 0 | 1 | 0 |',
  );
});

test('what is to be looked at is named', () => {
  const failed = { 'held too long': 0, 'by the victim': 0, other: 2 };
  expect(
    describeFindings([
      cell({}),
      cell({ outcome: 'stuck', faults: ['two owners: t on legacy'] }),
      cell({ failed, codes: { 'app FI001': 2 } }),
    ]),
  ).toEqual([
    'worker KILL, hold, forward: stuck',
    'worker KILL, hold, forward: two owners: t on legacy',
    'worker KILL, hold, forward: requests failed: {"app FI001":2}',
  ]);
});
