import { describe, expect, test } from 'vitest';
import { type AttemptFacts, decideNextStep } from '../request/next-step.ts';
import type { Failed, Outcome } from '../wire/outcome.ts';
import { Breaker } from './breaker.ts';
import { backoffMs, RetryBudget } from './retry-budget.ts';

describe('Breaker', () => {
  const make = () => {
    const states: string[] = [];
    return { states, breaker: new Breaker({ failures: 3, openMs: 100 }, (state) => states.push(state)) };
  };
  test('failures in a row open it, a success in between does not', () => {
    const { breaker } = make();
    for (const _ of [1, 2]) breaker.failed(0);
    breaker.succeeded();
    for (const _ of [1, 2]) breaker.failed(0);
    expect(breaker.allows(0)).toBe(true);
    breaker.failed(0);
    expect(breaker.allows(0)).toBe(false);
  });
  test('one probe after a while; its outcome decides', () => {
    const { breaker, states } = make();
    for (const _ of [1, 2, 3]) breaker.failed(0);
    expect(breaker.enter(99)).toBe(false);
    expect(breaker.enter(100)).toBe(true);
    expect(breaker.enter(100)).toBe(false);
    breaker.failed(110);
    expect(breaker.enter(150)).toBe(false);
    expect(breaker.enter(210)).toBe(true);
    breaker.succeeded();
    expect(breaker.enter(211)).toBe(true);
    expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });
  test('an answer to a request from before it opened says nothing new, good or bad', () => {
    const { breaker, states } = make();
    for (const _ of [1, 2, 3]) breaker.failed(0);
    breaker.succeeded();
    breaker.failed(50);
    expect(breaker.enter(99)).toBe(false);
    expect(breaker.enter(100)).toBe(true);
    expect(states).toEqual(['open', 'half-open']);
  });
  test('a probe that never reports lets another go', () => {
    const { breaker } = make();
    for (const _ of [1, 2, 3]) breaker.failed(0);
    expect(breaker.enter(100)).toBe(true);
    expect(breaker.enter(150)).toBe(false);
    expect(breaker.enter(200)).toBe(true);
  });
});

describe('RetryBudget', () => {
  test('a share of the requests, and an allowance that flows in', () => {
    const budget = new RetryBudget({ budgetRatio: 0.2, perSecond: 1 }, 0);
    expect(budget.withdraw(0)).toBe(true);
    expect(budget.withdraw(0)).toBe(false);
    for (let request = 0; request < 10; request += 1) budget.deposit();
    expect([budget.withdraw(0), budget.withdraw(0), budget.withdraw(0)]).toEqual([true, true, false]);
    expect(budget.withdraw(1000)).toBe(true);
    for (let request = 0; request < 100_000; request += 1) budget.deposit();
    let burst = 0;
    while (budget.withdraw(1000)) burst += 1;
    expect(burst).toBeLessThanOrEqual(110);
  });
  test('full jitter', () => {
    expect(backoffMs(1, 25, () => 1)).toBe(25);
    expect(backoffMs(3, 25, () => 1)).toBe(100);
    expect(backoffMs(30, 25, () => 1)).toBe(1000);
    expect(backoffMs(3, 25, () => 0)).toBe(0);
  });
});

describe('decideNextStep', () => {
  const numbers = { connectMs: 0, firstByteMs: 0, totalMs: 0, requestBodyBytes: 0, responseBodyBytes: 0 };
  const failed = (over: Partial<Failed> = {}): Outcome => ({
    kind: 'failed',
    status: 0,
    side: 'upstream',
    phase: 'connect',
    cause: 'refused',
    detail: '',
    mayHaveBeenSent: false,
    responseStarted: false,
    bodyTaken: false,
    reused: false,
    retriedStale: false,
    ...numbers,
    ...over,
  });
  const facts = (over: Partial<AttemptFacts>): AttemptFacts => ({
    outcome: failed(),
    method: 'GET',
    kind: 'read',
    side: 'candidate',
    reason: 'serve-flag-on',
    attempts: 1,
    maxAttempts: 1,
    mayFallBack: true,
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
      'a full pool is not tried again, but left',
      { maxAttempts: 2, outcome: failed({ cause: 'overloaded' }) },
      'fall-back',
    ],
    [
      'the same of one in which no place became free in time',
      { maxAttempts: 2, outcome: failed({ phase: 'queue', cause: 'timed-out' }) },
      'fall-back',
    ],
    ['the legacy has nobody to fall back to', { side: 'legacy' }, 'give-up'],
    ['a pinned user', { mayFallBack: false }, 'give-up'],
  ];
  test.each(table)('%s', (_, over, step) => expect(decideNextStep(facts(over))).toBe(step));
});
