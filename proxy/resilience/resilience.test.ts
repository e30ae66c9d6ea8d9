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
  const fail = (breaker: Breaker, now: number) => {
    for (const _ of [1, 2, 3]) breaker.failed(now);
  };
  test('one probe after a while; its outcome decides', () => {
    const { breaker, states } = make();
    fail(breaker, 0);
    expect(breaker.enter(9)).toBe(false);
    expect(breaker.enter(10)).toBe(true);
    expect(breaker.enter(10)).toBe(false);
    breaker.failed(11);
    expect(breaker.enter(30)).toBe(false);
    expect(breaker.enter(31)).toBe(true);
    breaker.succeeded();
    expect(breaker.enter(32)).toBe(true);
    expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });
  test('while its probes fail they become rarer, up to the longest time', () => {
    const { breaker } = make();
    fail(breaker, 0);
    let now = 0;
    const pauses = Array.from({ length: 6 }, () => {
      const pause = breaker.probeInMs(now);
      now += pause;
      expect(breaker.enter(now)).toBe(true);
      breaker.failed(now);
      return pause;
    });
    expect(pauses).toEqual([10, 20, 40, 80, 100, 100]);
  });
  test('a service that fails again soon after its probe is left in peace for longer; one that was well is not', () => {
    const { breaker } = make();
    fail(breaker, 0);
    breaker.enter(10);
    breaker.succeeded();
    fail(breaker, 109);
    expect(breaker.probeInMs(109)).toBe(20);
    breaker.enter(129);
    breaker.succeeded();
    fail(breaker, 229);
    expect(breaker.probeInMs(229)).toBe(10);
  });
  test('an answer to a request from before it opened says nothing new, good or bad', () => {
    const { breaker, states } = make();
    fail(breaker, 0);
    breaker.succeeded();
    breaker.failed(5);
    expect(breaker.enter(9)).toBe(false);
    expect(breaker.enter(10)).toBe(true);
    expect(states).toEqual(['open', 'half-open']);
  });
  test('a probe that never reports allows another', () => {
    const { breaker } = make();
    fail(breaker, 0);
    expect(breaker.enter(10)).toBe(true);
    expect(breaker.enter(60)).toBe(false);
    expect(breaker.enter(110)).toBe(true);
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
