import type { ClientFeature, ClientFeatures } from '@ficus/core';
import { afterEach, describe, expect, test } from 'vitest';
import { FlagEvaluator } from './flag-evaluator.ts';

let evaluator: FlagEvaluator;
let warnings: string[] = [];

function evaluate(
  strategies: unknown,
  context: { userId?: string; remoteAddress?: string } = { userId: 'ann' },
) {
  warnings = [];
  evaluator = new FlagEvaluator((message) => warnings.push(message));
  const flag = { name: 'ours.serve', enabled: true, strategies } as ClientFeature;
  evaluator.replace({ version: 2, features: [flag] } satisfies ClientFeatures);
  return evaluator.isEnabled('ours.serve', context);
}

afterEach(() => evaluator.stop());

const constrained = (contextName: string, ...values: string[]) => [
  { name: 'default', constraints: [{ contextName, operator: 'IN', values }] },
];

test.each([
  [
    'an address of a strategy',
    [{ name: 'remoteAddress', parameters: { IPs: '192.0.2.1,10.0.0.0/8' } }],
    true,
  ],
  ['an address of a constraint', constrained('remoteAddress', '10.1.2.3'), true],
  ['another address', constrained('remoteAddress', '10.1.2.4'), false],
  ['the environment, as Unleash’s clients name theirs', constrained('environment', 'default'), true],
  ['the application', constrained('appName', 'ficus'), true],
  ['another user', constrained('userId', 'bob'), false],
])('%s', (_, strategies, enabled) => {
  expect(evaluate(strategies, { userId: 'ann', remoteAddress: '10.1.2.3' })).toBe(enabled);
});

test.each([
  ['on', [{ name: 'parent', enabled: true }], true],
  ['off', [{ name: 'parent', enabled: false }], false],
  ['missing', [], false],
])('without strategies a flag is on where the one that it depends on is: %s', (_, parents, enabled) => {
  evaluator = new FlagEvaluator();
  const child = { name: 'ours.serve', enabled: true, dependencies: [{ feature: 'parent' }] };
  evaluator.replace({ version: 2, features: [child, ...parents] as unknown as readonly ClientFeature[] });
  expect(evaluator.isEnabled('ours.serve', { userId: 'ann' })).toBe(enabled);
});

test('whether addresses are needed at all', () => {
  evaluate(constrained('userId', 'ann'));
  expect(evaluator.usesAddress).toBe(false);
  evaluate([{ name: 'remoteAddress', parameters: { IPs: '10.0.0.1' } }]);
  expect(evaluator.usesAddress).toBe(true);
});

test.each([
  ['no parameters', [{ name: 'flexibleRollout', parameters: null }]],
  ['users that are no list', [{ name: 'userWithId', parameters: { userIds: 5 } }]],
  ['segments that are no list', [{ name: 'default', segments: 'all' }]],
  ['a constraint that is none', [{ name: 'default', constraints: [null] }]],
])('a strategy with %s is off and harms no request', (_, strategies) => {
  expect(evaluate(strategies)).toBe(false);
  expect(evaluator.isEnabled('ours.serve', { userId: 'bob' })).toBe(false);
  expect(warnings.length).toBeLessThanOrEqual(1);
});

test('a flag that cannot be evaluated is reported, once until the flags change', () => {
  evaluate([{ name: 'userWithId', parameters: { userIds: 5 } }]);
  evaluator.isEnabled('ours.serve', { userId: 'bob' });
  expect(warnings).toEqual([expect.stringContaining('ours.serve is off')]);
});

test('the environment is the one of the config', () => {
  evaluator = new FlagEvaluator(() => {}, 'production');
  const of = (environment: string): ClientFeature => ({
    name: environment,
    enabled: true,
    strategies: constrained('environment', environment),
  });
  evaluator.replace({ version: 2, features: [of('production'), of('default')] });
  expect(evaluator.isEnabled('production', {})).toBe(true);
  expect(evaluator.isEnabled('default', {})).toBe(false);
});

describe('percentages by bucket', () => {
  const rollout = (stickiness: string | undefined, rollout = '50') => ({
    name: 'flexibleRollout',
    parameters: { rollout, groupId: 'ours', ...(stickiness === undefined ? {} : { stickiness }) },
  });
  const buckets = Array.from({ length: 50 }, (_, number) => `bucket-${number}`);
  const byBucket = (bucket: string) => evaluator.isEnabled('ours.serve', { userId: 'ann' }, bucket);

  test.each(['userId', 'default', undefined])('are those of an anonymous caller (%s)', (stickiness) => {
    evaluate([rollout(stickiness)]);
    const anonymous = buckets.map((bucket) => evaluator.isEnabled('ours.serve', { userId: bucket }));
    expect(buckets.map(byBucket)).toEqual(anonymous);
    expect(new Set(anonymous).size).toBe(2);
  });

  test('are not asked for where the flag is sticky by something else', () => {
    evaluate([rollout('tenant')]);
    const sides = buckets.map((bucket) =>
      evaluator.isEnabled('ours.serve', { userId: 'ann', properties: { tenant: 'acme' } }, bucket),
    );
    expect(new Set(sides).size).toBe(1);
  });

  test('hold for the flags that it depends on', () => {
    evaluator = new FlagEvaluator();
    const parent = { name: 'parent', enabled: true, strategies: [rollout('userId')] };
    const dependencies = [{ feature: 'parent', enabled: true }];
    const child = { name: 'ours.serve', enabled: true, strategies: [rollout('userId', '100')], dependencies };
    evaluator.replace({ version: 2, features: [parent, child] as readonly ClientFeature[] });
    const anonymous = buckets.map((bucket) => evaluator.isEnabled('parent', { userId: bucket }));
    expect(buckets.map(byBucket)).toEqual(anonymous);
    expect(new Set(anonymous).size).toBe(2);
  });

  test('follow the next set of flags', () => {
    evaluate([rollout('userId', '100')]);
    expect(byBucket('bucket-1')).toBe(true);
    evaluator.replace({ version: 2, features: [] });
    expect(byBucket('bucket-1')).toBe(false);
  });
});
