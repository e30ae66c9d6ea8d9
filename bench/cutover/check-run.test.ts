import { expect, test } from 'vitest';
import { BOUND_MISSED, exitStatus } from '../command-line.ts';
import { newReport } from '../report.ts';
import { checkPromises } from './check-run.ts';
import type { RunFigures } from './summarize-run.ts';

const spread = { p50: 1, p95: 200, max: 900 };
const audit = { missing: 0, missingKeys: [], unconfirmed: 0, duplicates: 0, extra: 0 };
const door = { acknowledged: 5, refused: { 'FI001 table x is being moved by Ficus': 3 }, missing: 0 };
const kept = {
  abandoned: 0,
  writePauseMs: spread,
  failed: { writes: {}, reads: {} },
  onOwner: audit,
  onOther: audit,
  ownWrites: { checked: 9, stale: 0 },
  sideDoors: { 'timer job': door, psql: door },
} as unknown as RunFigures;

function missed(change: Partial<RunFigures>): string[] {
  const report = newReport();
  checkPromises(report, 'ficus', { ...kept, ...change });
  return report.checks.filter(({ ok }) => ok !== true).map(({ name }) => name);
}

test('a run that keeps all promises passes', () => expect(missed({})).toEqual([]));

test.each([
  ['pause of writes, p95', { writePauseMs: { ...spread, p95: 201 } }],
  ['abandoned attempts', { abandoned: 1 }],
  ['failed requests', { failed: { writes: {}, reads: { 'status 503': 1 } } }],
  ['acknowledged writes missing on the owner', { onOwner: { ...audit, missing: 1 } }],
  ['acknowledged writes missing on the other side', { onOther: { ...audit, missing: 1 } }],
  ['acknowledged writes missing on the other side', { onOther: null }],
  ['writes made twice', { onOther: { ...audit, duplicates: 1 } }],
  ['stale reads of one’s own write', { ownWrites: { checked: 9, stale: 1 } }],
  ['psql, refused by FI001', { sideDoors: { 'timer job': door, psql: { ...door, refused: {} } } }],
  ['psql, lost', { sideDoors: { 'timer job': door, psql: { ...door, missing: 1 } } }],
  [
    'psql, failed otherwise',
    {
      sideDoors: { 'timer job': door, psql: { ...door, refused: { ...door.refused, 'connection lost': 1 } } },
    },
  ],
] satisfies [string, Partial<RunFigures>][])('%s is noticed', (name, change) =>
  expect(missed(change)).toEqual([`ficus: ${name}`]),
);

test.each([
  ['all promises kept', {}, 0],
  ['a pause that is too long', { writePauseMs: { ...spread, p95: 201 } }, BOUND_MISSED],
  ['a lost write', { onOwner: { ...audit, missing: 1 } }, 1],
  ['a write made twice', { onOther: { ...audit, duplicates: 1 } }, 1],
  ['a stale read', { ownWrites: { checked: 9, stale: 1 } }, 1],
  ['a side door’s lost write', { sideDoors: { 'timer job': door, psql: { ...door, missing: 1 } } }, 1],
  ['no look at the other side', { onOther: null }, 1],
] satisfies [string, Partial<RunFigures>, number][])('exit status of %s', (_, change, status) => {
  const report = newReport();
  checkPromises(report, 'ficus', { ...kept, ...change });
  expect(exitStatus(report)).toBe(status);
});
