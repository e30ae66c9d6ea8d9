import type { Verdict } from '@ficus/core';
import { describe, expect, it, test } from 'vitest';
import { CandidateEvidence, decideVersion } from './candidate-evidence.ts';

const seen = (version: string, firstSeenAt: number, lastSeenAt: number) => ({
  version,
  firstSeenAt,
  lastSeenAt,
});

test.each([
  ['nothing was seen', [], ''],
  ['only answers that do not say', [seen('', 1, 9)], ''],
  ['one', [seen('v1', 1, 9)], 'v1'],
  ['the one that appeared last', [seen('v1', 1, 9), seen('v2', 5, 8)], 'v2'],
  ['a deployment taken back', [seen('v1', 1, 90_000), seen('v2', 5, 29_999)], 'v1'],
  ['a named one before one that does not say', [seen('v1', 1, 90_000), seen('', 5, 90_001)], 'v1'],
  ['one that stopped saying it', [seen('v1', 1, 10), seen('', 5, 90_001)], ''],
] as const)('%s', (_, versions, current) => {
  expect(decideVersion(versions)).toBe(current);
});

describe('evidence', () => {
  function play() {
    let now = 0;
    const evidence = new CandidateEvidence(undefined, [], () => now);
    const count = (version: string, at: number, kind: 'match' | 'noise' = 'match') => {
      now = at;
      const verdict = kind === 'match' ? { kind } : { kind, rules: ['r'] };
      evidence.seen(version).add('list', verdict, new Date(at));
    };
    return { evidence, count };
  }

  it('of an earlier version does not count', () => {
    const { evidence, count } = play();
    for (const at of [1, 2, 3]) count('v1', at);
    count('v2', 4);
    expect(evidence.version).toBe('v2');
    expect(evidence.current.report()).toMatchObject({ compared: 1, since: '1970-01-01T00:00:00.004Z' });
    expect(evidence.earlier()).toMatchObject([{ version: 'v1', report: { compared: 3 } }]);
    count('v1', 5);
    expect(evidence.version).toBe('v2');
    expect(evidence.current.report().compared).toBe(1);
  });

  it('of a version that the config names begins before its first answer', () => {
    const { evidence, count } = play();
    count('', 1);
    evidence.fix('2026-11-29');
    expect(evidence.version).toBe('2026-11-29');
    expect(evidence.current.report().ratio).toBeNull();
    expect(evidence.earlier()).toMatchObject([{ version: '', report: { compared: 1 } }]);
  });

  it('continues where it was stored', () => {
    const { evidence, count } = play();
    count('v1', 1);
    count('v1', 2, 'noise');
    count('v2', 3);
    const again = new CandidateEvidence(undefined, structuredClone(evidence.all()), () => 10);
    expect(again.all()).toEqual(evidence.all());
    expect(again.version).toBe('v2');
    again.seen('v2').add('list', { kind: 'match' }, new Date(10));
    expect(again.current.report()).toMatchObject({ compared: 2, since: '1970-01-01T00:00:00.003Z' });
  });

  it('begins again in the current version, and an old instance that answers then is no new deployment', () => {
    const { evidence, count } = play();
    count('v1', 1);
    count('v2', 2);
    evidence.reset();
    expect(evidence.version).toBe('v2');
    expect(evidence.earlier()).toEqual([]);
    expect(evidence.current.report()).toMatchObject({ ratio: null, lastComparedAt: null });
    count('v2', 3);
    count('v1', 4);
    count('v2', 5);
    expect(evidence.version).toBe('v2');
    expect(evidence.current.report().compared).toBe(2);
    expect(evidence.earlier()).toMatchObject([{ version: 'v1', report: { compared: 1 } }]);
  });

  it('of a version that was dropped for newer ones is no new deployment either', () => {
    const { evidence, count } = play();
    for (let at = 1; at <= 7; at += 1) count(`v${at}`, at);
    count('v1', 8);
    expect(evidence.version).toBe('v7');
  });

  it('that comes late, from a confirmation, makes its version no younger', () => {
    const { evidence, count } = play();
    count('v2', 100_000);
    evidence.tallies('v1', { kind: 'match' }, 5);
    expect(evidence.version).toBe('v2');
    expect(evidence.all()).toMatchObject([
      { version: 'v2' },
      { version: 'v1', firstSeenAt: 5, lastSeenAt: 5 },
    ]);
  });

  it('of an answer that names no version counts against the last named one, and never for it', () => {
    const { evidence, count } = play();
    const differs = { kind: 'mismatch', differences: [] } as const;
    const unnamed = (verdict: Verdict, at: number) => {
      for (const tally of evidence.tallies('', verdict, at)) tally.add('list', verdict, new Date(at));
    };
    for (const at of [1, 2]) count('v2', at);
    for (const at of [3, 4]) unnamed(differs, at);
    unnamed({ kind: 'match' }, 5);
    expect(evidence.version).toBe('v2');
    expect(evidence.current.report()).toMatchObject({ compared: 4, ratio: 0.5 });
    // After a pause it is the current one itself; v2 does not come out of it unharmed.
    unnamed(differs, 100_000);
    expect(evidence.version).toBe('');
    expect(evidence.current.report().counts).toMatchObject({ match: 1, mismatch: 3 });
    count('v2', 100_001);
    expect(evidence.current.report().counts).toMatchObject({ match: 3, mismatch: 3 });
  });

  it('is kept of few versions, whatever a candidate says', () => {
    const { evidence, count } = play();
    for (let at = 1; at <= 1000; at += 1) count(`v${at}`, at);
    expect(evidence.all()).toHaveLength(5);
    expect(evidence.version).toBe('v1000');
  });
});
