import type { SliceView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { attemptOf, cutoverOf } from './attempt.fixture.ts';
import { formatSlice } from './format-slice.ts';

const GB = 1024 ** 3;
const counts = { match: 3, mismatch: 0, stale: 0, noise: 0, inconclusive: 12, skipped: 0 };
const side = { requests: 0, failures: 0, meanMs: null };
const stream = {
  ...{ state: 'streaming', lagMs: 1, lagBytes: 0, lagTransactions: 1, appliedLsn: '0/1', healthy: true },
  ...{ copy: null, copied: true, reason: null, problem: null },
  slot: {
    name: 's',
    walStatus: 'reserved',
    retainedBytes: 16 * 1024 ** 2,
    roomBytes: 20 * GB - 16 * 1024 ** 2,
  },
};

const SLICE = {
  ...{ name: 'notes', team: null, stage: 'shadow', owner: 'legacy', epoch: 1, tables: [{}], guards: [] },
  flags: { serve: { percent: 100 }, shadow: { percent: 100 } },
  legacy: { text: null },
  candidate: { text: null, state: 'answers' },
  traffic: {
    legacy: side,
    candidate: side,
    windowSeconds: 60,
    outsideRequests: 1,
    unmeasured: 'no traffic',
  },
  parity: {
    counts,
    ratio: 1,
    compared: 3,
    uncompared: [],
    version: null,
    earlier: [],
    reasons: {},
    samples: [],
  },
  replication: stream,
  verify: null,
  rollback: { answer: 'pass', text: 'back' },
} as unknown as SliceView;

const shown = (over: object): string => formatSlice({ ...SLICE, ...over } as SliceView);

test('the slot is lost at a bound, which is said in GB', () => {
  expect(shown({})).toMatch(/slot +reserved, keeps 16\.0 MB of WAL; at 20\.0 GB it is lost\n/);
});

test('numbers and their nouns agree', () => {
  expect(shown({})).toContain('(1 request matched no route)');
  expect(shown({})).toContain('0 bytes, 1 transaction; applied');
});

test('the share is one sentence, measured or not', () => {
  expect(shown({})).toMatch(/serve +100 % asked; no traffic\n/);
  const traffic = { legacy: side, candidate: side, windowSeconds: 60, outsideRequests: 0, unmeasured: null };
  expect(shown({ traffic: { ...traffic, candidateSharePercent: 69.6, measuredRequests: 1200 } })).toMatch(
    /serve +100 % asked; measured 69\.6 % of 1,200 requests\n/,
  );
});

test.each([
  ['The slot was lost.', 'stopped, not healthy'],
  ['the first copy is not complete: The slot was lost.', 'stopped, the first copy is not complete'],
])('a problem is said once: %s', (reason, said) => {
  const problem = { code: 'X', message: 'The slot was lost.', remedy: 'Copy again.' };
  const text = shown({ replication: { ...stream, state: 'stopped', healthy: false, reason, problem } });
  expect(text.split('The slot was lost.')).toHaveLength(2);
  expect(text).toContain(`stream    ${said}\n`);
});

test('each guard is shown with its answer', () => {
  const guards = [
    { guard: 'data', answer: 'pass', text: 'It works.', numbers: {} },
    { guard: 'parity', answer: 'insufficient evidence', text: '0 of 3 differ.', numbers: {} },
  ];
  expect(shown({ guards })).toContain(
    '  guards    ✓ data: It works.\n            ? parity: insufficient evidence. 0 of 3 differ.\n',
  );
});

test('verify says rows of which side', () => {
  const verify = {
    state: 'done',
    verdict: 'mismatch',
    nothingChanged: false,
    finishedAt: 'then',
    rowsCompared: 18,
  };
  expect(shown({ verify: { ...verify, tables: [{ rowsSource: 18, rowsTarget: 19 }] } })).toContain(
    'not equal, 18 rows of the legacy and 19 of the candidate, at then',
  );
});

test('samples of differences, the longest part, are the last: a window that is too small shows all else', () => {
  const sample = {
    ...{ verdict: 'mismatch', request: 'GET /a', route: 'list', differences: [] },
    curl: { legacy: 'curl x', candidate: 'curl y' },
  };
  const parity = { counts, ratio: 1, compared: 3, uncompared: [], version: null, earlier: [] };
  expect(shown({ parity: { ...parity, reasons: { gone: 12 }, samples: [sample] } })).toMatch(
    /12 × gone\n(?:.*\n)+ {2}way back {2}back\n {2}differs {3}✗ GET \/a \(route list\)\n {14}ask both again:\n/,
  );
});

test('a retired slice has tables, and no stream', () => {
  expect(shown({ stage: 'retired', replication: null })).toContain('stream    none: the slice is retired');
  expect(shown({ replication: null })).toContain('stream    the slice has no tables');
});

test('once the candidate owns the writes, the way back has an answer; the last change of owner follows the owner', () => {
  const owned = { owner: 'candidate', epoch: 4, stage: 'cutover' } as const;
  expect(shown({ ...owned, rollback: { answer: 'fail', text: 'The stream back is stopped.' } })).toContain(
    '  way back  ✗ The stream back is stopped.',
  );
  const text = formatSlice({ ...SLICE, ...owned }, cutoverOf(attemptOf({ notes: ['A note.'] })));
  expect(text).toMatch(
    /owner {5}candidate, epoch 4\n {2}cutover {3}cutover to the candidate by ann[^\n]*\n {12}! A note\.\n/,
  );
});
