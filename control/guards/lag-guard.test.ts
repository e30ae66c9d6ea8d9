import { expect, test } from 'vitest';
import { streamOf } from './guard-facts.fixture.ts';
import { evaluateLag } from './lag-guard.ts';

test.each([
  ['no tables', null, 'pass'],
  ['no lag', streamOf({ lagMs: 0 }), 'pass'],
  ['as much as is allowed', streamOf({ lagMs: 1000 }), 'pass'],
  ['more', streamOf({ lagMs: 1001 }), 'fail'],
  [
    'no working stream',
    streamOf({ healthy: false, reason: 'it is stalled', lagMs: 0 }),
    'insufficient evidence',
  ],
] as const)('%s', (_case, replication, answer) => {
  expect(evaluateLag({ replication }, { maxMs: 1000 })).toMatchObject({ answer });
});

test('names both numbers', () => {
  expect(evaluateLag({ replication: streamOf({ lagMs: 1200.4 }) }, { maxMs: 1000 })).toEqual({
    answer: 'fail',
    text: 'The change stream is 1200 ms behind; 1000 ms are allowed.',
    numbers: { lagMs: 1200, maxMs: 1000 },
  });
});
