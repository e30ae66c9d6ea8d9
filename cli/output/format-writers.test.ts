import type { WritersView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { formatWriters } from './format-writers.ts';

const AT = '2026-05-01T10:00:00.000Z';
type Writer = WritersView['writers'][number];

const writer = (over: Partial<Writer> = {}): Writer => ({
  ...{ side: 'legacy', user: 'mia', application: 'psql', address: '10.0.0.9', explained: false },
  ...{ verdict: 'undeclared', text: 'No entry of `writers` matches it.', declare: '- { user: "mia" }' },
  ...{
    firstSeenAt: AT,
    lastSeenAt: AT,
    sessions: 1,
    tables: ['public.notes'],
    statements: ['UPDATE', 'DELETE'],
  },
  ...{ notes: { inside: 0, outside: 1, unknown: 0 }, sample: 'UPDATE notes SET body = ?' },
  ...over,
});
const view = (over: Partial<WritersView> = {}): WritersView => ({
  ...{
    slice: 'notes',
    owner: 'legacy',
    answer: 'fail',
    text: '',
    reasons: [],
    observing: true,
    since: AT,
    readAt: AT,
  },
  ...{ observedMs: 3 * 3_600_000, requiredMs: 3_600_000, unexplained: 1, unlistedNotes: 0 },
  ...{ proxies: { listed: 2, reporting: 2 }, sides: [], writers: [writer()] },
  ...over,
});

test('an unexplained writer, with the line that would explain it', () => {
  expect(formatWriters(view()).split('\n')).toEqual([
    'notes   writers of its tables; the legacy owns them',
    '',
    '  answer    ✗ 1 writer, 1 unexplained',
    `  observed  for 3 h 0 min, since ${AT}; a cutover needs 60 min; last read at ${AT}`,
    '  proxies   2 proxies report when requests write',
    '',
    '  ✗ psql as mia, 10.0.0.9, on the legacy',
    '      No entry of `writers` matches it.',
    `      UPDATE, DELETE on public.notes · 1 session · ${AT} to ${AT}`,
    '      UPDATE notes SET body = ?',
    '      - { user: "mia" }',
    '',
    '  What may write: put its line under slices.notes.writers of ficus.yaml, and say why. Its `via` is guessed from times:',
    '  proxy is for the pool of the monolith or the service, other for jobs and people, also while requests write without a pause',
  ]);
});

test('before the first observation it says how to begin', () => {
  const never = { observing: false, since: null, readAt: null, observedMs: 0, writers: [], unexplained: 0 };
  const text = formatWriters(
    view({ ...never, answer: 'insufficient evidence', reasons: ['Writers are not observed.'] }),
  );
  expect(text).toContain(
    '? not enough evidence; 0 writers, all explained\n            Writers are not observed.',
  );
  expect(text).toContain('Begin to record: ficus writers notes --observe');
});

test('while the observation is too short for a cutover, it says when to look again', () => {
  const short = { observedMs: 0, readAt: null, writers: [], unexplained: 0 };
  const text = formatWriters(view({ ...short, answer: 'insufficient evidence' }));
  expect(text.split('\n').at(-1)).toBe(
    '  Who writes is recorded now. A cutover needs 60 min of it, and your jobs should have run once each; look after 2026-05-01T11:00:00.000Z: ficus writers notes',
  );
  expect(formatWriters(view())).not.toContain('look after');
});

test('reasons that a listed writer has are not said twice', () => {
  const reasons = [
    'psql (user mia): No entry of `writers` matches it.',
    'There is no fence on the candidate.',
  ];
  const text = formatWriters(view({ reasons }));
  expect(text.match(/No entry of/g)).toHaveLength(1);
  expect(text).toContain('            There is no fence on the candidate.');
});

test.each([
  [{ listed: 0, reporting: 0 }, 'none reports: no write can be explained by a request'],
  [{ listed: 3, reporting: 1 }, 'only 1 of 3 report when requests write'],
  [{ listed: 1, reporting: 1 }, '1 proxy reports when requests write'],
])('%o proxies', (proxies, text) => {
  expect(formatWriters(view({ proxies }))).toContain(`proxies   ${text}`);
});

test('names of strangers stay on their line', () => {
  const text = formatWriters(
    view({ writers: [writer({ application: 'a\n  ✓ all is well', address: null })] }),
  );
  expect(text).toContain('✗ a\\n  ✓ all is well as mia, local socket');
});
