import { describe, expect, test } from 'vitest';
import type { ChangeFigures, DemoFigures } from './demo-figures.ts';
import { evaluateDemo } from './evaluate-demo.ts';

const change: ChangeFigures = {
  ...{ operation: 'cutover', isDone: true, attempts: 1, failures: [], epoch: 2, pauseMs: 43 },
  clients: { writes: 9, slowestMs: 80, longestGapMs: 60 },
  stepsMs: { hold: 9 },
  busyPercent: 60,
};
const found = { lookedUp: 90, missing: 0, twice: 0, missingKeys: [] };
const sliceWrites = {
  ...{ acknowledged: 100, failed: 0, takenBy: { legacy: 60, candidate: 40 } },
  ...{ onLegacy: found, onCandidate: found },
};

const good: DemoFigures = {
  ending: 'rollback',
  changes: [change, { ...change, operation: 'rollback' }],
  sideDoor: { statement: 'UPDATE x', refused: true, sqlState: 'FI001', message: 'no', hint: 'there' },
  retired: false,
  sliceWrites,
  requests: 1000,
  writes: 100,
  requestsPerSecond: 400,
  failures: 0,
  failureSamples: [],
  stages: [
    { stage: 'shadow', askedPercent: 0, measuredPercent: 0, requests: 10, users: 10 },
    { stage: 'canary', askedPercent: 25, measuredPercent: 26.5, requests: 10, users: 10 },
    { stage: 'live', askedPercent: 100, measuredPercent: 100, requests: 10, users: 10 },
  ],
  usersMovedBack: 0,
  readsAfterWrite: 50,
  staleReads: 0,
  parity: { match: 500, mismatch: 0, stale: 3, noise: 0, inconclusive: 0 },
  lagMs: { p50: 5, p99: 20, samples: 100 },
  rows: { legacy: 1000, candidate: 1000, equal: 1000, different: 0 },
  seconds: 60,
};

const failing = (figures: Partial<DemoFigures>) =>
  evaluateDemo({ ...good, ...figures })
    .filter((check) => !check.ok)
    .map((check) => check.name);

describe('evaluateDemo', () => {
  test('a clean run passes', () => {
    expect(failing({})).toEqual([]);
  });

  test.each<[string, Partial<DemoFigures>, string]>([
    ['one failed request', { failures: 1 }, 'failures'],
    ['one stale read', { staleReads: 1 }, 'stale reads after a user’s own write'],
    ['one user moved back', { usersMovedBack: 1 }, 'users who changed sides while the percentage rose'],
    ['one mismatch', { parity: { ...good.parity, mismatch: 1 } }, 'mismatches'],
    ['one row too few', { rows: { ...good.rows, candidate: 999 } }, 'rows that differ'],
    [
      'one write missing in the monolith’s database',
      { sliceWrites: { ...sliceWrites, onLegacy: { ...found, missing: 1 } } },
      'acknowledged writes missing in the monolith’s database',
    ],
    [
      'one write missing in the service’s database',
      { sliceWrites: { ...sliceWrites, onCandidate: { ...found, missing: 1 } } },
      'acknowledged writes missing in the service’s database',
    ],
    [
      'one write made twice',
      { sliceWrites: { ...sliceWrites, onCandidate: { ...found, twice: 1 } } },
      'writes made twice in the service’s database',
    ],
    ['one write refused', { sliceWrites: { ...sliceWrites, failed: 1 } }, 'writes refused or failed'],
    ['a side door that is open', { sideDoor: null }, 'writes past the proxy that the fence refused'],
    ['no rollback', { changes: [change] }, 'rollbacks made'],
    [
      'a cutover that was abandoned',
      { changes: [{ ...change, isDone: false, pauseMs: null }] },
      'cutovers made',
    ],
    ['a pause beyond its bound', { changes: [{ ...change, pauseMs: 2_001 }] }, 'pause of writes, cutover'],
    ['a slice that is not retired', { ending: 'retire' }, 'retired'],
  ])('%s is enough to fail', (_, figures, name) => {
    expect(failing(figures)).toContain(name);
  });

  test('a cutover that was repeated successfully passes', () => {
    const repeated = { ...change, attempts: 2, failures: ['abandoned in step hold: too long'] };
    expect(failing({ changes: [repeated, { ...change, operation: 'rollback' }] })).toEqual([]);
  });

  test('a slice that is retired needs no rollback', () => {
    expect(failing({ ending: 'retire', retired: true, changes: [change] })).toEqual([]);
  });

  test('writes that were not looked up, or did not come, prove nothing', () => {
    const nothing = { ...found, lookedUp: 0 };
    expect(failing({ sliceWrites: { ...sliceWrites, onLegacy: nothing } })).toEqual([
      'acknowledged writes looked up in the monolith’s database',
    ]);
    const quiet = { ...change, clients: { ...change.clients, writes: 0 } };
    expect(failing({ changes: [quiet, { ...change, operation: 'rollback' }] })).toEqual([
      'writes of clients during the cutover',
    ]);
  });

  test('nothing compared is not parity', () => {
    expect(failing({ parity: { match: 0, mismatch: 0, stale: 0, noise: 0, inconclusive: 9 } })).toContain(
      'comparisons',
    );
    expect(failing({ rows: { legacy: 0, candidate: 0, equal: 0, different: 0 } })).toContain('rows compared');
  });

  test('a stage without users says so, and claims no share', () => {
    const empty = { stage: 'canary', askedPercent: 25, measuredPercent: 0, requests: 0, users: 0 };
    expect(failing({ stages: [empty] })).toEqual(['users seen in canary']);
  });

  test('a share that differs from the flag fails, and 100 % means all', () => {
    const live = { stage: 'live', askedPercent: 100, measuredPercent: 99.9, requests: 10, users: 10 };
    expect(failing({ stages: [live] })).toEqual(['share in live']);
  });
});
