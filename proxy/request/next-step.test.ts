import { describe, expect, test } from 'vitest';
import { type AttemptFacts, decideNextStep, mayDiscardAnswer, mayFallBack } from './next-step.ts';
import { failed } from './outcome.fixture.ts';

describe('after an attempt, and when the candidate takes none', () => {
  const facts = (over: Partial<AttemptFacts>): AttemptFacts => ({
    outcome: failed(),
    method: 'GET',
    mayHaveArrived: over.outcome?.mayHaveBeenSent === true,
    kind: 'read',
    side: 'candidate',
    onBreakerOpen: 'legacy',
    pinned: false,
    legacyLacks: false,
    reason: 'serve-flag-on',
    attempts: 1,
    maxAttempts: 1,
    affordable: true,
    ...over,
  });
  const table: [string, Partial<AttemptFacts>, string][] = [
    ['a read that the candidate did not answer', {}, 'fall-back'],
    ['the same, sent already', { outcome: failed({ mayHaveBeenSent: true }) }, 'fall-back'],
    ['a write, provably not sent', { method: 'POST', kind: 'write' }, 'give-up'],
    [
      'a write that may have been sent',
      { method: 'POST', kind: 'write', outcome: failed({ mayHaveBeenSent: true }) },
      'give-up',
    ],
    [
      'a PUT that may have been sent, with attempts left',
      { method: 'PUT', kind: 'write', maxAttempts: 2, outcome: failed({ mayHaveBeenSent: true }) },
      'retry',
    ],
    ['a POST with attempts left', { method: 'POST', kind: 'write', maxAttempts: 3 }, 'give-up'],
    [
      'a read by POST that may have been sent',
      { method: 'POST', outcome: failed({ mayHaveBeenSent: true }) },
      'give-up',
    ],
    ['a read by POST, not sent', { method: 'POST' }, 'fall-back'],
    ['an answer that has begun', { outcome: failed({ responseStarted: true }) }, 'give-up'],
    ['a body that was taken', { outcome: failed({ bodyTaken: true }) }, 'give-up'],
    ['a client that went away', { outcome: failed({ side: 'client' }), maxAttempts: 3 }, 'give-up'],
    ['attempts left', { maxAttempts: 2 }, 'retry'],
    [
      'a full pool is not retried but avoided',
      { maxAttempts: 2, outcome: failed({ cause: 'overloaded' }) },
      'fall-back',
    ],
    [
      'an event stream for which there was no place, asked for by PUT',
      {
        method: 'PUT',
        maxAttempts: 2,
        mayHaveArrived: true,
        outcome: failed({ phase: 'receive', cause: 'too-many-streams', mayHaveBeenSent: true }),
      },
      'give-up',
    ],
    [
      'the same for one in which no place became free in time',
      { maxAttempts: 2, outcome: failed({ phase: 'queue', cause: 'timed-out' }) },
      'fall-back',
    ],
    ['the legacy, which has no fallback', { side: 'legacy' }, 'give-up'],
    ['a pinned user', { pinned: true }, 'give-up'],
    ['a legacy without the newest data', { legacyLacks: true }, 'give-up'],
    ['a forced request', { reason: 'forced' }, 'give-up'],
    ['a slice that fails instead', { onBreakerOpen: 'fail' }, 'give-up'],
    [
      'a read by PUT that may have been sent, without attempts left',
      { method: 'PUT', outcome: failed({ mayHaveBeenSent: true }) },
      'give-up',
    ],
    [
      'a read by PUT whose first attempt may have been sent, its last one not',
      { method: 'PUT', attempts: 2, maxAttempts: 2, mayHaveArrived: true },
      'give-up',
    ],
    ['attempts left that the budget does not cover', { maxAttempts: 2, affordable: false }, 'fall-back'],
  ];
  test.each(table)('%s', (_, over, step) => expect(decideNextStep(facts(over))).toBe(step));

  test.each<[string, Partial<AttemptFacts>, boolean]>([
    ['a read that was not sent', {}, true],
    ['a GET that may have arrived before', { mayHaveArrived: true }, true],
    ['a read by PUT that was not sent', { method: 'PUT' }, true],
    ['a read by PUT that may have arrived before', { method: 'PUT', mayHaveArrived: true }, false],
    ['a write that was not sent', { method: 'POST', kind: 'write' }, false],
  ])('%s, refused by the candidate: may fall back or not', (_, over, expected) =>
    expect(mayFallBack(facts(over))).toBe(expected),
  );
});

test.each([
  ['GET', false, false, true],
  ['OPTIONS', false, false, true],
  ['GET', true, false, false],
  ['GET', false, true, false],
  ['PUT', false, false, false],
  ['POST', false, false, false],
])(
  'the answer to %s, with a body: %s, that writes: %s, may be discarded: %s',
  (method, hasBody, writes, expected) => {
    expect(mayDiscardAnswer(method, hasBody, writes)).toBe(expected);
  },
);
