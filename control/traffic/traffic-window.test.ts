import type { TrafficCount } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { TrafficWindow } from './traffic-window.ts';

const count = (over: Partial<TrafficCount>): TrafficCount => ({
  slice: 's',
  route: 'r',
  side: 'legacy',
  reason: 'serve-flag-off',
  requests: 1,
  failures: 0,
  durationMs: 10,
  ...over,
});
const report = (...traffic: TrafficCount[]) => ({ traffic });

describe('traffic', () => {
  it('has no share without traffic', () => {
    expect(new TrafficWindow().view('s', 0)).toMatchObject({
      candidateSharePercent: null,
      legacy: { meanMs: null },
    });
  });

  it('slides: requests older than a minute do not count', () => {
    const traffic = new TrafficWindow();
    traffic.add(report(count({ requests: 100 })), 0);
    traffic.add(report(count({ side: 'candidate', reason: 'serve-flag-on', requests: 50 })), 59_000);
    expect(traffic.view('s', 59_999).candidateSharePercent).toBe(33.3);
    expect(traffic.view('s', 60_000).candidateSharePercent).toBe(100);
    expect(traffic.view('s', 200_000).candidateSharePercent).toBeNull();
    expect(traffic.totalCounts().map(({ requests }) => requests)).toEqual([100, 50]);
  });

  it('measures the share since the flag was changed, and nothing before', () => {
    const traffic = new TrafficWindow();
    traffic.add(report(count({ requests: 100 })), 10_000);
    traffic.add(report(count({ requests: 7 })), 21_500);
    expect(traffic.view('s', 21_600, 20_900)).toMatchObject({ candidateSharePercent: null, shareSeconds: 0 });
    traffic.add(report(count({ side: 'candidate', reason: 'serve-flag-on', requests: 40 })), 22_500);
    expect(traffic.view('s', 22_600, 20_900)).toMatchObject({
      candidateSharePercent: 100,
      shareSeconds: 1,
      legacy: { requests: 107 },
    });
  });

  it('excludes from the share what the flag does not decide', () => {
    const traffic = new TrafficWindow();
    traffic.add(
      report(
        count({ requests: 30 }),
        count({ side: 'candidate', reason: 'serve-flag-on', requests: 10 }),
        count({ reason: 'owner-writes', requests: 500 }),
        count({ side: 'candidate', reason: 'forced', requests: 500 }),
      ),
      0,
    );
    expect(traffic.view('s', 0)).toMatchObject({ candidateSharePercent: 25, legacy: { requests: 530 } });
  });

  it.each([
    ['no traffic', []],
    ['no request that the flag decides', [count({ reason: 'owner-writes' }), count({ reason: 'forced' })]],
    [null, [count({})]],
  ])('says why it has no share: %s', (unmeasured, counts) => {
    const traffic = new TrafficWindow();
    traffic.add(report(...counts), 0);
    expect(traffic.view('s', 0).unmeasured).toBe(unmeasured);
  });

  it('does not call requests of before a change no traffic', () => {
    const traffic = new TrafficWindow();
    traffic.add(report(count({ requests: 9 })), 10_000);
    expect(traffic.view('s', 11_900, 11_000).unmeasured).toBe('measuring since the flag changed');
    expect(traffic.view('s', 16_000, 11_000)).toMatchObject({
      unmeasured: 'no request since the flag changed',
      legacy: { requests: 9 },
    });
    expect(traffic.view('s', 90_000, 11_000).unmeasured).toBe('no traffic');
  });

  it('counts what no route matched beside the slices', () => {
    const traffic = new TrafficWindow();
    traffic.add(report(count({ slice: '', route: '', reason: 'no-route', requests: 8 })), 0);
    expect(traffic.view('s', 0)).toMatchObject({ unmeasured: 'no traffic', outsideRequests: 8 });
  });
});
