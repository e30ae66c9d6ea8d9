import { expect, test } from 'vitest';
import { evaluateGuards } from './evaluate-guards.ts';
import { parityOf, streamOf } from './guard-facts.fixture.ts';

const facts = { parity: parityOf(0, 0), replication: streamOf({ lagMs: 20 }) } as Parameters<
  typeof evaluateGuards
>[0];

test('the data guard is always evaluated, the others when the config sets their bound', () => {
  const asked = (config: Parameters<typeof evaluateGuards>[1]) =>
    evaluateGuards(facts, config).map(({ guard, answer }) => [guard, answer]);
  expect(asked({})).toEqual([['data', 'pass']]);
  expect(asked({ lag: { maxMs: 10 }, parity: { min: 0.9, samples: 1 } })).toEqual([
    ['data', 'pass'],
    ['lag', 'fail'],
    ['parity', 'insufficient evidence'],
  ]);
});
