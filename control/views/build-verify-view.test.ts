import { FicusError } from '@ficus/core';
import { expect, test } from 'vitest';
import type { VerifyOutcome } from '../replications/verify-runs.ts';
import { buildVerifyView } from './build-verify-view.ts';

const begun = {
  mode: 'full' as const,
  version: '',
  startedAt: '2026-01-01T00:00:00.000Z',
  progress: { rowsCompared: 1, rowsTotal: 4, rowsPerSecond: 2 },
};
const finishedAt = '2026-01-01T00:00:02.000Z';
const outcome: VerifyOutcome = {
  reason: undefined,
  resume: undefined,
  verdict: 'match',
  rowsCompared: { source: 4, target: 4 },
  rowsPerSecond: 2,
  tables: [],
  differences: [],
  differencesNotListed: 0,
  nothingChanged: false,
  changesUnknown: false,
};

test('a running comparison shows its progress and no verdict', () => {
  expect(buildVerifyView({ ...begun, state: 'running', mode: { sample: 10 } })).toMatchObject({
    ...{ state: 'running', mode: 'sample', sample: 10, rowsCompared: 1, verdict: null, equal: null },
    finishedAt: null,
  });
});

test.each([
  ['match', true],
  ['mismatch', false],
  ['inconclusive', null],
] as const)('a run that is done with %s is equal: %s', (verdict, equal) => {
  const view = buildVerifyView({ ...begun, state: 'done', finishedAt, outcome: { ...outcome, verdict } });
  expect(view).toMatchObject({ state: 'done', finishedAt, verdict, equal, rowsCompared: 4, rowsTotal: 4 });
});

test('a failed run says why, and what to do', () => {
  const error = new FicusError('FICUS_CDC_PRIVILEGE', 'the role may not read notes');
  expect(buildVerifyView({ ...begun, state: 'failed', finishedAt, error })).toMatchObject({
    state: 'failed',
    problem: { code: 'FICUS_CDC_PRIVILEGE', message: 'the role may not read notes' },
  });
});

test('values of rows are not shown, keys that are codes are, and a table has a few examples', () => {
  const difference = {
    from: 'public.users',
    to: 'public.users',
    kind: 'different' as const,
    key: { id: '7', email: 'ada@example.org' },
    rows: 1,
    columns: [{ name: 'password', expected: 'hunter2', found: 'hunter3' }],
  };
  const table = {
    ...{ from: 'public.users', to: 'public.users', rowsSource: 9, rowsTarget: 9, equal: 2 },
    ...{ missing: 0, extra: 0, different: 7, lag: 0, unsettled: 0, complete: true },
  };
  const view = buildVerifyView({
    ...begun,
    state: 'done',
    finishedAt,
    outcome: {
      ...outcome,
      verdict: 'mismatch',
      tables: [table],
      differences: Array.from({ length: 7 }, () => difference),
    },
  });
  expect(JSON.stringify(view)).not.toMatch(/hunter|ada/);
  expect(view.differences[0]?.key.id).toBe('7');
  expect(view.differences[0]?.columns[0]?.expected).toMatch(/^‹[a-z]{6}[0-9]›( #....)?$/);
  expect(view.tables[0]?.examples).toHaveLength(5);
  expect(view.tables[0]?.rowsCompared).toBe(9);
});
