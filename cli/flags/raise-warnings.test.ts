import type { SliceView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { overriddenWarnings, raiseWarnings } from './raise-warnings.ts';

interface Evidence {
  readonly compared?: number;
  readonly mismatch?: number;
  readonly shadow?: number;
  readonly tables?: number;
  readonly writes?: boolean;
  readonly verify?: Partial<NonNullable<SliceView['verify']>> | null;
}

function viewOf({
  compared = 1000,
  mismatch = 0,
  shadow = 0,
  tables = 1,
  writes = false,
  verify = { verdict: 'match' },
}: Evidence) {
  return {
    name: 'notes',
    tables: Array.from({ length: tables }, () => ({ from: 'note', to: 'note' })),
    routes: [{ id: 'all', kind: writes ? 'write' : 'read' }],
    flags: { shadow: { percent: shadow } },
    parity: { compared, counts: { mismatch } },
    verify: verify && { state: 'done', ...verify },
  } as unknown as SliceView;
}

const cases: readonly (readonly [string, Evidence, readonly string[], RegExp | undefined])[] = [
  ['evidence for it, and a guard', {}, ['lag'], undefined],
  ['no guards', {}, [], /^no guard refuses a raise: slices\.notes\.guards configures none$/],
  ['all differ', { compared: 20, mismatch: 20 }, ['lag'], /^parity: 0\.000 % of 20 comparisons match/],
  ['2 of 1,000 differ', { mismatch: 2 }, ['lag'], /99\.800 % of 1,000/],
  ['1 of 1,000 differs: within the default of the guard', { mismatch: 1 }, ['lag'], undefined],
  ['1 of 20 differs', { compared: 20, mismatch: 1 }, ['lag'], /95\.000 % of 20/],
  ['a guard of parity answers for it', { mismatch: 500 }, ['parity'], undefined],
  ['nothing compared', { compared: 0 }, ['lag'], /^no answers were compared: `ficus shadow notes 100`/],
  ['nothing compared yet', { compared: 0, shadow: 5 }, ['lag'], /^no answers were compared yet: /],
  ['never verified', { verify: null }, ['lag'], /^the rows of both sides were never compared/],
  ['no tables, nothing to verify', { verify: null, tables: 0 }, ['lag'], undefined],
  ['no tables, and writes', { tables: 0, writes: true }, ['lag'], /^the writes of notes move too/],
  ['the owner takes the writes', { writes: true }, ['lag'], undefined],
  [
    'rows differ',
    { verify: { verdict: 'mismatch' } },
    ['lag'],
    /^the last verify found rows that are not equal/,
  ],
  ['inconclusive', { verify: { verdict: 'inconclusive' } }, ['lag'], /^the last verify proved nothing/],
  ['failed', { verify: { state: 'failed', verdict: null } }, ['lag'], /^the last verify proved nothing/],
  ['running', { verify: { state: 'running', verdict: null } }, ['lag'], /still runs/],
];

test.each(cases)('%s', (_, evidence, guards, warning) => {
  const warnings = raiseWarnings(viewOf(evidence), guards);
  expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
});

test('each piece of evidence is named', () => {
  expect(raiseWarnings(viewOf({ compared: 20, mismatch: 20, verify: null }), [])).toHaveLength(3);
});

test('each guard that was overridden is named, with its reason', () => {
  const lag = { guard: 'lag', answer: 'fail', text: '12 ms behind.', numbers: {} } as const;
  expect(overriddenWarnings([])).toEqual([]);
  expect(overriddenWarnings([lag, { ...lag, guard: 'data' }])).toEqual([
    '--force has overridden the guard lag: fail. 12 ms behind.',
    expect.stringContaining('the guard data'),
  ]);
});
