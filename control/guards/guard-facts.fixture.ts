/** Facts for the case tables of the guards: a healthy stream, a comparison window. Only tests import it. */
import type { ReplicationView } from '@ficus/contract';
import type { GuardFacts } from './guard.ts';

export function streamOf(over: Partial<ReplicationView> = {}): ReplicationView {
  return {
    slice: 'notes',
    state: 'streaming',
    appliedLsn: '0/1',
    sourceLsn: '0/1',
    lagBytes: 0,
    lagMs: 5,
    lagTransactions: 0,
    missingDeletes: 0,
    transactionsApplied: 1,
    rowsApplied: 1,
    copy: null,
    slot: null,
    copied: true,
    healthy: true,
    reason: null,
    problem: null,
    ...over,
  };
}

/** A comparison window with the given numbers of matches and mismatches. */
export function parityOf(match: number, mismatch: number): GuardFacts['parity'] {
  const compared = match + mismatch;
  return {
    since: '2026-01-01T00:00:00.000Z',
    lastComparedAt: compared === 0 ? null : '2026-01-02T00:00:00.000Z',
    uncompared: [],
    version: null,
    earlier: [],
    counts: { match, mismatch, stale: 0, noise: 0, inconclusive: 0, skipped: 0 },
    routes: {},
    compared,
    confirming: 0,
    ratio: compared === 0 ? null : match / compared,
    reasons: {},
    differingPaths: [],
    samples: [],
    expiredRules: [],
  };
}
