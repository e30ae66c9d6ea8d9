import { type ClientFeature, type ClientStrategy, percentFlag } from '@ficus/core';
import type { Context } from 'unleash-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FlagEvaluator } from '../flags/flag-evaluator.ts';
import { explainFlag } from './explain-flag.ts';

const live = new FlagEvaluator(() => {}, 'staging');
const NAME = 'notes.serve';

interface How {
  readonly isNameless?: boolean;
  readonly isDrawn?: boolean;
  readonly stickyBy?: string;
  readonly segments?: readonly unknown[];
}

/** As the proxy would: the flag is evaluated in a whole set, then taken apart. */
function explain(features: readonly ClientFeature[], context: Context, how: How = {}) {
  const { isNameless = false, isDrawn = false, stickyBy, segments = [] } = how;
  live.replace({ version: 2, features: [...features, percentFlag('other.serve', 'other', 100)], segments });
  const enabled = live.isEnabled(NAME, context, stickyBy);
  const { environment } = live;
  const asked = { name: NAME, context, stickyBy, environment, enabled, isNameless, isDrawn };
  return explainFlag(asked, live.definitionOf(NAME));
}
afterEach(() => live.replace({ version: 2, features: [] }));

const flag = (strategies: readonly ClientStrategy[], more: object = {}): ClientFeature => ({
  name: NAME,
  enabled: true,
  strategies,
  ...more,
});
const only = (values: readonly string[], contextName = 'userId') => ({ contextName, operator: 'IN', values });

describe('a share', () => {
  test('includes exactly the callers whose bucket it reaches', () => {
    for (let at = 0; at < 40; at += 1) {
      const userId = `user-${at}`;
      const { bucket } = explain([percentFlag(NAME, 'notes', 1)], { userId }).strategies[0]!;
      const isOn = (share: number) => explain([percentFlag(NAME, 'notes', share)], { userId }).enabled;
      expect([isOn(bucket! - 1), isOn(bucket!)]).toEqual([false, true]);
    }
  });

  test('without the field that it sticks to, or by chance, has no bucket', () => {
    const bySession = { name: 'flexibleRollout', parameters: { rollout: '100', stickiness: 'sessionId' } };
    expect(explain([flag([bySession])], { userId: 'ann' })).toMatchObject({
      enabled: false,
      strategies: [{ includes: false, stickiness: 'sessionId', bucket: null }],
    });
    const byChance = { name: 'flexibleRollout', parameters: { rollout: '100', stickiness: 'random' } };
    expect(explain([flag([byChance])], { userId: 'ann' })).toMatchObject({
      enabled: true,
      cause: 'on',
      strategies: [{ bucket: null, stickiness: 'random' }],
    });
  });
});

describe('chance', () => {
  const share = (rollout: number, groupId: string, stickiness = 'userId') => ({
    name: 'flexibleRollout',
    parameters: { rollout: String(rollout), groupId, stickiness },
  });
  const draw = (features: readonly ClientFeature[]) =>
    explain(features, { userId: `drawn-${Math.random()}` }, { isDrawn: true });

  test('decides for a caller whose bucket was drawn, however the draw ended', () => {
    const sides = new Set<boolean>();
    for (let turn = 0; sides.size < 2 && turn < 1_000; turn += 1) {
      const { enabled, ...rest } = draw([percentFlag(NAME, 'notes', 55)]);
      sides.add(enabled);
      expect(rest).toMatchObject({
        chance: 55,
        cause: 'chance-once',
        strategies: [{ bucket: null, byChance: true, share: 55 }],
      });
    }
    expect(sides.size).toBe(2);
  });

  test.each<[string, ClientFeature[], number | null, string]>([
    ['one group: the larger share', [flag([share(30, 'a'), share(50, 'a')])], 50, 'chance-once'],
    ['two groups: two draws', [flag([share(50, 'a'), share(50, 'b')])], 75, 'chance-once'],
    ['a share of each request', [flag([share(40, 'a', 'random')])], 40, 'chance-each-time'],
    ['all', [percentFlag(NAME, 'notes', 100)], null, 'on'],
    ['none', [percentFlag(NAME, 'notes', 0)], null, 'switched-off'],
    ['all of another strategy', [flag([share(50, 'a'), { name: 'default' }])], null, 'on'],
    [
      'an unmet constraint',
      [flag([{ ...share(50, 'a'), constraints: [only(['bob'])] }])],
      null,
      'constrained',
    ],
  ])('%s', (_, features, chance, cause) => {
    // However it falls.
    for (let turn = 0; turn < 20; turn += 1) expect(draw(features)).toMatchObject({ chance, cause });
  });

  test('decides nothing for a caller with a bucket or a name, nor for one without either', () => {
    for (const how of [{}, { isNameless: true }])
      expect(explain([percentFlag(NAME, 'notes', 55)], { userId: 'ann' }, how).chance).toBeNull();
  });
});

test('a caller without a name has no bucket to show', () => {
  const { strategies, cause } = explain(
    [percentFlag(NAME, 'notes', 1)],
    { userId: 'x' },
    { isNameless: true },
  );
  expect({ strategies, cause }).toMatchObject({
    cause: 'caller-without-name',
    strategies: [{ bucket: null, byChance: false }],
  });
});

test('a caller who has logged in and keeps their bucket is moved by it, not by their name', () => {
  for (let at = 0; at < 20; at += 1) {
    const stickyBy = `bucket-${at}-of-a-guest`;
    const asGuest = explain([percentFlag(NAME, 'notes', 50)], { userId: stickyBy });
    const asUser = explain([percentFlag(NAME, 'notes', 50)], { userId: 'ann' }, { stickyBy });
    expect(asUser.enabled).toBe(asGuest.enabled);
    expect(asUser.strategies[0]).toEqual({ ...asGuest.strategies[0], stickiness: 'anonymousBucket' });
  }
});

test('constraints see the environment of the proxy', () => {
  const inStaging = flag([{ name: 'default', constraints: [only(['staging'], 'environment')] }]);
  expect(explain([inStaging], { userId: 'ann' })).toMatchObject({
    enabled: true,
    strategies: [{ unmet: [] }],
  });
});

test.each<[string, ClientFeature[], Context, boolean, string]>([
  ['on', [percentFlag(NAME, 'notes', 100)], { userId: 'ann' }, false, 'on'],
  ['on without strategies', [flag([])], { userId: 'ann' }, false, 'on'],
  ['missing', [], { userId: 'ann' }, false, 'missing'],
  ['switched off', [percentFlag(NAME, 'notes', 0)], { userId: 'ann' }, false, 'switched-off'],
  ['too small a share', [percentFlag(NAME, 'notes', 1)], { userId: 'ann' }, false, 'share-too-small'],
  ['no name', [percentFlag(NAME, 'notes', 1)], { userId: 'anonymous-1' }, true, 'caller-without-name'],
  [
    'a constraint',
    [flag([{ name: 'default', constraints: [only(['bob'])] }])],
    { userId: 'ann' },
    false,
    'constrained',
  ],
  [
    'a list',
    [flag([{ name: 'userWithId', parameters: { userIds: 'bob' } }])],
    { userId: 'ann' },
    false,
    'not-listed',
  ],
  [
    'a flag that it depends on',
    [flag([{ name: 'default' }], { dependencies: [{ feature: 'gate' }] }), percentFlag('gate', 'gate', 0)],
    { userId: 'ann' },
    false,
    'dependent',
  ],
  [
    'a strategy that no client knows',
    [flag([{ name: 'moonPhase' }])],
    { userId: 'ann' },
    false,
    'not-listed',
  ],
  ['a malformed strategy', [flag([{ name: 'userWithId' }])], { userId: 'ann' }, false, 'unreadable'],
  ...[{ parameters: null }, { segments: 'all' }, { constraints: 'all' }].map(
    (part): [string, ClientFeature[], Context, boolean, string] => [
      `a strategy with ${JSON.stringify(part)}`,
      [flag([{ name: 'flexibleRollout', ...part } as unknown as ClientStrategy])],
      { userId: 'ann' },
      false,
      'unreadable',
    ],
  ),
  ...['gate', [null], [{ feature: 5 }]].map(
    (dependencies): [string, ClientFeature[], Context, boolean, string] => [
      `malformed dependencies ${JSON.stringify(dependencies)}`,
      [flag([{ name: 'default' }], { dependencies })],
      { userId: 'ann' },
      false,
      'dependent',
    ],
  ),
])('off, or on, because of %s', (_, features, context, isNameless, cause) => {
  expect(explain(features, context, { isNameless })).toMatchObject({ cause, enabled: cause === 'on' });
});

test('a constraint and a segment that leave the caller out are named, without their values', () => {
  const strategy = {
    name: 'flexibleRollout',
    parameters: { rollout: '100', stickiness: 'userId', groupId: 'notes' },
    constraints: [only(['bob@shop.example', 'eve@shop.example']), only(['list'], 'route')],
    segments: [7, 8],
  };
  const segments = [
    { id: 7, constraints: [only(['carl@shop.example'])] },
    { id: 8, constraints: [only(['list'], 'route')] },
  ];
  const explained = explain(
    [flag([strategy])],
    { userId: 'ann', properties: { route: 'list' } },
    { segments },
  );
  expect(explained).toMatchObject({
    cause: 'constrained',
    strategies: [{ includes: false, unmet: ['userId IN (2 values)', 'segment 7'] }],
  });
  expect(JSON.stringify(explained)).not.toContain('@shop.example');
});

test('of several strategies each is explained; one that includes the caller is enough', () => {
  const explained = explain(
    [
      flag([
        { name: 'default', constraints: [only(['bob'])] },
        percentFlag(NAME, 'notes', 100).strategies[0]!,
      ]),
    ],
    { userId: 'ann' },
  );
  expect(explained).toMatchObject({
    enabled: true,
    strategies: [{ includes: false }, { includes: true, share: 100 }],
  });
});

test('a large segment is read for its own trials alone, not for each share that is tried', () => {
  const strategy = { ...percentFlag(NAME, 'notes', 20).strategies[0]!, segments: [7] };
  const segments = [{ id: 7, constraints: [only(['ann'])] }];
  const replace = vi.spyOn(FlagEvaluator.prototype, 'replace');
  explain([flag([strategy])], { userId: 'ann' }, { segments });
  const [, ...trials] = replace.mock.calls.map(([set]) => set.segments?.length);
  replace.mockRestore();
  expect(trials.length).toBeGreaterThan(5);
  // Whether the strategy includes the caller, and whether the segment does.
  expect(trials.filter((read) => read !== 0)).toEqual([1, 1]);
});
