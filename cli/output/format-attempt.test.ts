import type { AttemptView } from '@ficus/contract';
import { expect, test } from 'vitest';
import { attemptOf, cutoverOf, FAILURE, stepsUntil } from './attempt.fixture.ts';
import { formatAttempt, formatRehearsal } from './format-attempt.ts';

const ended = (over: Partial<AttemptView>) => formatAttempt(cutoverOf(null), attemptOf(over)).split('\n');
const rehearsed = (over: Partial<AttemptView> = {}) =>
  formatRehearsal(
    cutoverOf(null),
    attemptOf({ dryRun: true, state: 'rehearsed', steps: stepsUntil('hold', 'skipped'), ...over }),
  );

const WRITER = {
  code: 'FICUS_CUTOVER_WRITER_UNEXPLAINED',
  message: 'psql as mia writes public.notes.',
  remedy: 'See `ficus writers notes`.',
};
const LAG = { code: 'FICUS_CUTOVER_LAG', message: 'The stream is 4 s behind.', remedy: 'Wait.' };

test('a cutover that was made says the pause and the way back', () => {
  expect(ended({ pauseMs: 43.2, notes: ['After the release: inconclusive. No row was left.'] })).toEqual([
    '  ! After the release: inconclusive. No row was left.',
    '✓ The candidate owns the writes of notes, epoch 4. Writes waited for at most 43 ms.',
    '  The way back: ficus rollback notes. For good: ficus retire notes',
  ]);
});

test('notes that the attempt before had found as well are counted alone; a dry run shows all', () => {
  const known = ['max_slot_wal_keep_size is unlimited.', 'Where values come from cannot be seen.'];
  const over = { notes: [...known, 'After the release: mismatch. Rows differ.'], asBefore: known };
  const lines = ended(over);
  expect(lines.slice(0, 2)).toEqual([
    '  ! After the release: mismatch. Rows differ.',
    '  ! 2 notes as before: ficus status notes',
  ]);
  expect(lines[2]).toMatch(/^✓ The candidate owns the writes/);
  expect(rehearsed(over)).toContain(`  ! ${known[0]}\n  ! ${known[1]}\n`);
});

test('without a way back it does not name one; nor does a rollback', () => {
  expect(ended({ noWayBack: true }).join()).not.toContain('ficus rollback');
  expect(ended({ operation: 'rollback', newOwner: 'legacy' })).toEqual([
    '✓ The legacy owns the writes of notes, epoch 4.',
  ]);
});

test('refused: each reason once, with what to do about it', () => {
  const failure = { ...WRITER, step: 'arm' as const, message: `${WRITER.message} (and ${LAG.message})` };
  expect(ended({ state: 'abandoned', step: 'arm', failure, refusals: [WRITER, LAG] })).toEqual([
    '✗ The cutover of notes was refused; the legacy still owns the writes.',
    '  ✗ psql as mia writes public.notes.',
    '    See `ficus writers notes`. (FICUS_CUTOVER_WRITER_UNEXPLAINED)',
    '  ✗ The stream is 4 s behind.',
    '    Wait. (FICUS_CUTOVER_LAG)',
  ]);
});

test('a later failure is the reason, whatever arm had found', () => {
  const lines = ended({ operation: 'rollback', newOwner: 'legacy', state: 'abandoned', failure: FAILURE });
  expect(lines[0]).toBe(
    '✗ The rollback of notes was abandoned in step verify; the candidate still owns the writes.',
  );
  expect(lines[1]).toBe('  ✗ 3 rows differ.');
});

test('a dry run: the pause with its parts, what cannot be held, the steps that it left out', () => {
  const text = rehearsed({
    estimate: {
      pauseMs: 12.4,
      parts: [
        { part: 'proxies', ms: 9 },
        { part: 'fence', ms: 3.4 },
      ],
    },
    endless: [{ proxy: 'edge-1', route: 'upload', requests: 2 }],
  });
  const lines = text.split('\n');
  expect(lines[0]).toBe(
    '  ! 2 writes are under way on route upload of proxy edge-1 that cannot be held: uploads and streams have 30 s to end before anything is held; while one is left, the attempt is refused.',
  );
  expect(lines.slice(-3)).toEqual([
    '✓ A cutover of notes can be made: the candidate would own the writes, epoch 4 or higher.',
    '  pause     writes would wait for about 12 ms:',
    '            proxies 9.0 ms · fence 3.4 ms',
  ]);
  expect(text).toMatch(/What would follow:\n {4}hold +Proxies hold new writes/);
  expect(text).not.toMatch(/^ {4}lease/m);
});

test('a dry run that was refused does not say what would follow', () => {
  const failure = { ...LAG, step: 'arm' as const };
  const text = rehearsed({ state: 'abandoned', failure, refusals: [LAG] });
  expect(text).toMatch(
    /^ {2}No write was held[^\n]+\n\n✗ A cutover of notes would end in step arm:\n {2}✗ The stream is 4 s behind\./,
  );
  expect(text).not.toContain('What would follow');
});

test('texts of others cannot draw lines of their own', () => {
  const failure = { ...FAILURE, message: 'Row x\n✓ The candidate owns it' };
  expect(ended({ state: 'abandoned', failure })).toHaveLength(3);
});
