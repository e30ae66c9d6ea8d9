import { describe, expect, test } from 'vitest';
import { evaluateWriters, type ObservedSide, type WriterFacts } from './evaluate-writers.ts';
import type { JudgedWriter, WriterVerdict } from './judge-writers.ts';
import { addNotes, EMPTY_INVENTORY } from './writer-inventory.ts';

const NOW = 10_000_000;
const HOUR = 3_600_000;

const [entry] = addNotes(EMPTY_INVENTORY, 'legacy', [
  {
    note: {
      ...{
        key: 'k',
        table: 'public.notes',
        statement: 'INSERT',
        user: 'shop',
        application: 'web',
        address: null,
      },
      ...{ pid: 1, transactionAtMs: 1, writtenAtMs: 1, query: 'INSERT' },
    },
    place: 'inside',
    offsetMs: 0,
  },
]).entries;
const writer = (verdict: WriterVerdict): JudgedWriter => ({ entry: entry!, verdict, declaredBy: 0 });
const side = (name: 'legacy' | 'candidate', over: Partial<ObservedSide> = {}): ObservedSide => ({
  ...{ side: name, problem: undefined, mode: 'observe', gaps: [], missed: 0 },
  ...over,
});
const facts = (over: Partial<WriterFacts> = {}): WriterFacts => ({
  inventory: { since: NOW - 2 * HOUR, readAt: NOW - 3_000, beyond: 0 },
  writers: [writer('proxied')],
  declared: [{ application: 'web', via: 'proxy', reason: 'the monolith' }],
  sides: [side('legacy'), side('candidate')],
  owner: 'legacy',
  requiredMs: HOUR,
  now: NOW,
  ...over,
});
const answer = (over: Partial<WriterFacts>) => evaluateWriters(facts(over));

test('passes when all writers are explained, and were watched long enough', () => {
  expect(answer({})).toMatchObject({ answer: 'pass', text: 'The one writer is explained.', reasons: [] });
  expect(answer({ writers: [writer('declared'), writer('proxied')] })).toMatchObject({ answer: 'pass' });
  // Just taken by another fence: nothing to observe there.
  expect(answer({ sides: [side('legacy'), side('candidate', { mode: 'moved' })] }).answer).toBe('pass');
});

test.each(['undeclared', 'outside', 'unexpected'] as const)('fails while a writer is %s', (verdict) => {
  const judged = answer({ writers: [writer(verdict), writer('proxied')] });
  expect(judged).toMatchObject({ answer: 'fail', numbers: { unexplained: 1 }, reasons: { length: 1 } });
});

test('fails when there are more writers than the inventory has room for', () => {
  expect(answer({ inventory: { ...facts().inventory, beyond: 3 } }).answer).toBe('fail');
});

describe('there is not enough evidence', () => {
  test.each<[string, Partial<WriterFacts>, string]>([
    ['never observed', { inventory: { since: null, readAt: null, beyond: 0 } }, 'Writers are not observed.'],
    [
      'for too short a time',
      { inventory: { since: NOW - 90_000, readAt: NOW, beyond: 0 } },
      'Writers have been observed for 90 s of the 60 min that a cutover needs.',
    ],
    [
      'read too long ago',
      { inventory: { since: NOW - 9 * HOUR, readAt: NOW - 61_000, beyond: 0 } },
      'What the fences have recorded has not been read within the last minute.',
    ],
    [
      'of no write at all',
      { writers: [] },
      'No write on the legacy has been seen: nothing is shown by that.',
    ],
    ['of unknown times', { writers: [writer('unjudged')] }, 'while a proxy had not reported when it writes.'],
    [
      'without a fence',
      { sides: [side('legacy', { mode: undefined }), side('candidate')] },
      'no fence on the legacy',
    ],
    [
      'while a fence is only armed',
      { sides: [side('legacy'), side('candidate', { mode: 'armed' })] },
      'The fence of the candidate does not observe (it is armed).',
    ],
    [
      'while the owner’s fence is moved',
      { sides: [side('legacy', { mode: 'moved' }), side('candidate')] },
      'The fence of the legacy does not observe (it is moved).',
    ],
    [
      'while a database is away',
      { sides: [side('legacy', { problem: 'it does not answer.' }), side('candidate')] },
      'The fence of the legacy cannot be read: it does not answer.',
    ],
    [
      'with a partition that has no trigger',
      { sides: [side('legacy', { gaps: ['public.notes_2026: no trigger'] }), side('candidate')] },
      'The fence of the legacy has a gap: public.notes_2026: no trigger.',
    ],
    [
      'after writes that could not be recorded',
      { sides: [side('legacy', { missed: 3 }), side('candidate')] },
      'The fence of the legacy could not record 3 writes (the table of notes was locked or full, or the disk was slow or full): begin again.',
    ],
    ['before anything was read', { sides: [] }, 'The fence of the legacy has not been read.'],
  ])('%s', (_, over, text) => {
    const judged = answer(over);
    expect(judged.answer).toBe('insufficient evidence');
    expect(judged.reasons.join('\n')).toContain(text);
  });
});

test('what fails is said before what is missing, and both are listed', () => {
  const judged = answer({
    writers: [writer('undeclared'), writer('unjudged')],
    inventory: { since: NOW - 1000, readAt: NOW, beyond: 0 },
  });
  expect(judged.answer).toBe('fail');
  expect(judged.reasons).toHaveLength(3);
  expect(judged.text).toBe(
    'web (user shop) from a local socket: No entry of `writers` matches it. (and 2 more)',
  );
});
