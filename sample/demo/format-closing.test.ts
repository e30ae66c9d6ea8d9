import { expect, test } from 'vitest';
import type { ChangeFigures, DemoFigures } from './demo-figures.ts';
import { formatClosing } from './format-closing.ts';

const change: ChangeFigures = {
  ...{ operation: 'cutover', isDone: true, attempts: 2, failures: ['abandoned'], epoch: 4, pauseMs: 43.2 },
  ...{ clients: { writes: 9, slowestMs: 81, longestGapMs: 60 }, stepsMs: {}, busyPercent: 99 },
};
const lookUp = { lookedUp: 90, missing: 1, twice: 0, missingKeys: ['mark 41'] };
const figures = {
  ...{ requests: 1_000, writes: 100, requestsPerSecond: 40, failures: 0, failureSamples: [], stages: [] },
  ...{
    usersMovedBack: 0,
    readsAfterWrite: 9,
    staleReads: 0,
    retired: false,
    ending: 'rollback',
    seconds: 60,
  },
  changes: [change, { ...change, operation: 'rollback', isDone: false }],
  sideDoor: { statement: 'UPDATE x', refused: true, sqlState: 'FI001', message: '', hint: '' },
  sliceWrites: {
    ...{ acknowledged: 100, failed: 2, takenBy: { legacy: 60, candidate: 38 } },
    ...{ onLegacy: lookUp, onCandidate: { ...lookUp, missing: 0, missingKeys: [] } },
  },
  parity: { match: 5, mismatch: 0, stale: 0, noise: 0, inconclusive: 0 },
  ...{ lagMs: { p50: 1, p99: 2, samples: 9 }, rows: { legacy: 9, candidate: 9, equal: 9, different: 0 } },
} satisfies DemoFigures;

const lines = formatClosing(
  figures,
  [{ name: 'lost', value: 1, unit: 'writes', bound: '= 0', ok: false }],
  process.stdout,
)
  .split('\n')
  .map((line) => line.trim().replace(/ {2,}/, ' · '));

test('the pause by the journal, marked as the machine’s where it is, and as clients saw it', () => {
  expect(lines).toContain('pause of writes, cutover, by the journal · 43 ms (cores 99 % busy); attempt 2');
  expect(lines).toContain(
    'pause of writes, cutover, as clients saw it · slowest write 81 ms, none answered for 60 ms',
  );
  expect(lines).toContain('rollback · not made in 2 attempts: abandoned');
});

test('what became of the writes, and the keys of those that are missing', () => {
  expect(lines).toContain(
    'writes of the slice acknowledged · 100, 38 of them by the service; 2 refused or failed',
  );
  expect(lines).toContain('acknowledged writes missing at the monolith · 1 of 90 looked up');
  expect(lines).toContain('mark 41');
});
