import type { ProxyReport, TrafficCount } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { CandidateWatch } from './candidate-watch.ts';

const count = (over: Partial<TrafficCount>): TrafficCount => ({
  ...{ slice: 's', route: 'r', side: 'candidate', reason: 'serve-flag-on' },
  ...{ requests: 1, failures: 0, durationMs: 1 },
  ...over,
});
const report = (over: Partial<ProxyReport> = {}): ProxyReport => ({
  ...{ proxyId: 'p1', workers: 2, epochs: {}, traffic: [], droppedCopies: [] },
  ...over,
});

describe('a candidate', () => {
  it('to which nothing was sent is unknown', () => {
    const watch = new CandidateWatch();
    watch.takeReport(report(), ['s'], 0);
    expect(watch.view('s', 0)).toMatchObject({ state: 'unknown', breakersOpen: 0 });
  });

  it('fails from its first open breaker on, until the last is closed', () => {
    const watch = new CandidateWatch();
    watch.takeReport(report({ traffic: [count({})] }), ['s'], 1000);
    expect(watch.view('s', 1000)).toMatchObject({ state: 'answers', answeredAt: 1000 });
    watch.takeReport(report({ breakersOpen: { s: 1 } }), ['s', 'other'], 2000);
    watch.takeReport(report({ proxyId: 'p2', breakersOpen: { s: 2 } }), ['s'], 3000);
    expect(watch.view('s', 3000)).toMatchObject({ state: 'fails', failingSince: 2000, breakersOpen: 3 });
    expect(watch.view('other', 3000).state).toBe('unknown');
    watch.takeReport(report(), ['s'], 4000);
    expect(watch.view('s', 4000)).toMatchObject({ state: 'fails', failingSince: 2000, breakersOpen: 2 });
    watch.takeReport(report({ proxyId: 'p2' }), ['s'], 5000);
    expect(watch.view('s', 5000)).toMatchObject({ state: 'answers', failingSince: undefined });
  });

  it('answers while other workers have answers, in part, and fails when these end', () => {
    const watch = new CandidateWatch();
    const open = report({ breakersOpen: { s: 1 } });
    watch.takeReport(open, ['s'], 1000);
    // From before the breaker opened, perhaps.
    watch.takeReport(report({ traffic: [count({})], breakersOpen: { s: 1 } }), ['s'], 2000);
    expect(watch.view('s', 2000)).toMatchObject({ state: 'fails', failingSince: 1000 });
    watch.takeReport(report({ traffic: [count({ requests: 100 })], breakersOpen: { s: 1 } }), ['s'], 3000);
    const inPart = { state: 'answers', failingSince: 1000, answeredAt: 3000, breakersOpen: 1 };
    expect(watch.view('s', 3000)).toMatchObject(inPart);
    for (let now = 4000; now <= 18_000; now += 1000) watch.takeReport(open, ['s'], now);
    expect(watch.view('s', 18_000)).toMatchObject(inPart);
    watch.takeReport(open, ['s'], 18_001);
    expect(watch.view('s', 18_001)).toMatchObject({ state: 'fails', failingSince: 1000 });
  });

  it('fails while it fails the health checks of a proxy, whatever it answered before', () => {
    const watch = new CandidateWatch();
    const failingChecks = { legacy: false, candidates: ['s'] };
    watch.takeReport(report({ traffic: [count({})] }), ['s'], 1000);
    watch.takeReport(report({ failingChecks }), ['s', 'other'], 2000);
    watch.takeReport(report({ proxyId: 'p2', failingChecks, breakersOpen: { s: 2 } }), ['s'], 3000);
    const both = { state: 'fails', failingSince: 2000, failingChecks: 2, breakersOpen: 2 };
    expect(watch.view('s', 3000)).toMatchObject(both);
    expect(watch.view('other', 3000)).toMatchObject({ state: 'unknown', failingChecks: 0 });
    watch.takeReport(report(), ['s'], 4000);
    expect(watch.view('s', 4000)).toMatchObject({ ...both, failingChecks: 1 });
    watch.takeReport(report({ proxyId: 'p2' }), ['s'], 5000);
    expect(watch.view('s', 5000)).toMatchObject({ state: 'answers', failingChecks: 0 });
  });

  it('does not fail for ever because a proxy with an open breaker has ended', () => {
    const watch = new CandidateWatch();
    watch.takeReport(report({ breakersOpen: { s: 1 } }), ['s'], 0);
    expect(watch.view('s', 15_000).state).toBe('fails');
    expect(watch.view('s', 15_001).state).toBe('unknown');
  });

  it('fails when several copies in a row had no answer, not when one of many had none', () => {
    const watch = new CandidateWatch();
    for (const now of [1, 2]) watch.failed('s', 'no answer', now);
    watch.answered('s', 3);
    for (const now of [4, 5]) watch.failed('s', 'no answer', now);
    expect(watch.view('s', 5)).toMatchObject({ state: 'answers', answeredAt: 3 });
    watch.failed('s', 'errors', 6);
    expect(watch.view('s', 6)).toMatchObject({
      state: 'fails',
      failingSince: 4,
      failure: 'errors',
      answeredAt: 3,
    });
    watch.answered('s', 7);
    expect(watch.view('s', 7).state).toBe('answers');
  });

  it('fails when its reads fell back and none was answered', () => {
    const watch = new CandidateWatch();
    const fellBack = count({ side: 'legacy', reason: 'fell-back', requests: 5 });
    watch.takeReport(report({ traffic: [fellBack, count({ requests: 4 })] }), ['s'], 1);
    expect(watch.view('s', 1).state).toBe('answers');
    watch.takeReport(report({ traffic: [fellBack, count({ requests: 2, failures: 2 })] }), ['s'], 2);
    expect(watch.view('s', 2)).toMatchObject({ state: 'fails', failingSince: 2 });
  });

  it('answers with errors where that opened its breaker, and was last asked then or with its last request', () => {
    const watch = new CandidateWatch();
    watch.takeReport(report({ breakersOpen: { s: 1 }, breakersOnErrors: { s: 1 } }), ['s'], 1000);
    expect(watch.view('s', 1000)).toMatchObject({ state: 'fails', failure: 'errors', askedAt: 1000 });
    watch.takeReport(report({ breakersOpen: { s: 1 }, breakersOnErrors: { s: 1 } }), ['s'], 9000);
    expect(watch.view('s', 9000)).toMatchObject({ failingSince: 1000, askedAt: 1000 });
    const probe = count({ failures: 1 });
    watch.takeReport(report({ breakersOpen: { s: 1 }, traffic: [probe] }), ['s'], 10_000);
    expect(watch.view('s', 10_000)).toMatchObject({ failure: 'no answer', askedAt: 10_000 });
  });
});
