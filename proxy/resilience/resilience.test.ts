import { describe, expect, test } from 'vitest';
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
  test('a probe that never reports allows another', () => {
    const { breaker } = make();
    for (const _ of [1, 2, 3]) breaker.failed(0);
    expect(breaker.enter(100)).toBe(true);
    expect(breaker.enter(150)).toBe(false);
    expect(breaker.enter(200)).toBe(true);
  });
});

describe('RetryBudget', () => {
  test('a share of the requests, and an allowance over time', () => {
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
