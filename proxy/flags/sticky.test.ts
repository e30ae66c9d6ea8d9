/**
 * The promise: raising a percentage never moves a user back, and the same user gets the same side everywhere.
 */
import { type ClientFeature, flagPercent, percentFlag } from '@ficus/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDelta, checkFeatureSet } from './feature-set.ts';
import { FlagEvaluator, lastUserOf } from './flag-evaluator.ts';

function evaluatorAt(percent: number): FlagEvaluator {
  const evaluator = new FlagEvaluator();
  evaluator.replace({ version: 2, features: [percentFlag('notes.serve', 'notes', percent)] });
  return evaluator;
}
const at = Array.from({ length: 101 }, (_, percent) => evaluatorAt(percent));
const served = (userId: string, percent: number) => at[percent]!.isEnabled('notes.serve', { userId });

test('raising a percentage never moves a user back', () => {
  const percents = fc
    .tuple(fc.nat(100), fc.nat(100))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), percents, (user, [low, high]) => {
      if (served(user, low)) expect(served(user, high)).toBe(true);
      expect(served(user, 0)).toBe(false);
      expect(served(user, 100)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('the share matches the percentage', () => {
  const users = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
  const share = users.filter((user) => served(user, 25)).length / users.length;
  expect(Math.abs(share - 0.25)).toBeLessThan(0.01);
});

test('a rollout of parts of a percent moves whole percents only, which is what is shown of it', () => {
  const users = Array.from({ length: 5_000 }, (_, index) => `user-${index}`);
  for (const rollout of [0.5, 1.5, 99.9]) {
    const flag = percentFlag('notes.serve', 'notes', rollout);
    const evaluator = new FlagEvaluator();
    evaluator.replace({ version: 2, features: [flag] });
    const shown = flagPercent(flag)!;
    for (const userId of users)
      expect(evaluator.isEnabled('notes.serve', { userId })).toBe(served(userId, shown));
  }
});

test('callers without identity move last', () => {
  const last = lastUserOf('notes');
  expect(served(last, 99)).toBe(false);
  expect(served(last, 100)).toBe(true);
});

test('a cohort by constraint, and segments', () => {
  const evaluator = new FlagEvaluator();
  const constraint = { contextName: 'tenant', operator: 'IN', values: ['acme'] };
  evaluator.replace({
    version: 2,
    features: [{ name: 'notes.serve', enabled: true, strategies: [{ name: 'default', segments: [1] }] }],
    segments: [{ id: 1, constraints: [constraint] }],
  });
  expect(evaluator.isEnabled('notes.serve', { userId: 'a', properties: { tenant: 'acme' } })).toBe(true);
  expect(evaluator.isEnabled('notes.serve', { userId: 'a', properties: { tenant: 'other' } })).toBe(false);
});

test('deltas', () => {
  const flag = (name: string): ClientFeature => percentFlag(name, 'g', 1);
  const empty = { version: 2, features: [], segments: [] };
  const full = applyDelta(empty, [
    { type: 'hydration', features: [flag('a'), flag('b')], segments: [{ id: 1 }] },
  ]);
  const after = applyDelta(full, [
    { type: 'feature-removed', featureName: 'a' },
    { type: 'feature-updated', feature: flag('c') },
    { type: 'segment-removed', segmentId: 1 },
  ]);
  expect(after.features.map(({ name }) => name)).toEqual(['b', 'c']);
  expect(after.segments).toEqual([]);
  expect(full.features).toHaveLength(2);
});

test('a document that is not a set of flags: all problems are reported at once', () => {
  expect(checkFeatureSet(null)).toHaveLength(1);
  expect(checkFeatureSet({ features: [{ name: '', enabled: 'yes', strategies: [{}] }] })).toHaveLength(3);
  expect(checkFeatureSet({ features: [flagWithoutStrategies()] })).toEqual([]);
  expect(checkFeatureSet({ features: [], segments: {} })).toHaveLength(1);
  expect(checkFeatureSet({ features: [], segments: [null, {}, { id: 1 }] })).toHaveLength(2);
});

function flagWithoutStrategies(): unknown {
  return { name: 'a', enabled: true };
}
