import type { ReplicationStatus } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { evaluateHealth } from './evaluate-health.ts';

const status = (over: Partial<ReplicationStatus>): ReplicationStatus => ({
  slice: 's',
  state: 'streaming',
  appliedLsn: '0/1',
  sourceLsn: '0/1',
  lagBytes: 0,
  lagMs: 5,
  transactionsApplied: 0,
  rowsApplied: 0,
  copy: undefined,
  problem: undefined,
  ...over,
});

describe('health is progress', () => {
  it.each<[string, Partial<ReplicationStatus>, boolean | undefined, boolean]>([
    ['streams and keeps up', {}, true, true],
    ['streams, but nothing was copied', {}, false, false],
    ['streams, and the copy is not known of', {}, undefined, false],
    ['copies', { state: 'copying' }, false, false],
    ['streams, and its heartbeat is old', { lagMs: 60_000 }, true, false],
    ['reconnects for a moment', { state: 'reconnecting', lagMs: 200 }, true, true],
    ['reconnects for long', { state: 'reconnecting', lagMs: 11_000 }, true, false],
    ['stands by for another process', { state: 'standby' }, true, true],
    ['is stopped', { state: 'stopped' }, true, false],
    ['has not begun', { state: 'starting' }, true, false],
  ])('%s', (_, over, copied, healthy) => {
    expect(evaluateHealth(status(over), copied).healthy).toBe(healthy);
  });

  it('names the obstacle', () => {
    expect(evaluateHealth(status({ lagMs: 60_000 }), true)).toEqual({
      healthy: false,
      reason: 'the stream makes no progress: its newest heartbeat is 60 s old',
    });
  });
});
