import { expect, test } from 'vitest';
import { decideRetention } from './decide-retention.ts';

test.each([
  [0, { kind: 'within' }],
  [499, { kind: 'within' }],
  [500, { kind: 'high', percent: 50 }],
  [999, { kind: 'high', percent: 99 }],
  [1000, { kind: 'high', percent: 100 }],
  [1001, { kind: 'exceeded' }],
])('%d of 1000 bytes', (retained, retention) => {
  expect(decideRetention(retained, 1000, false)).toEqual(retention);
});

test('without a bound any amount is within it', () => {
  expect(decideRetention(Number.MAX_SAFE_INTEGER, undefined, false)).toEqual({ kind: 'within' });
});

test('a reader that may move keeps its slot beyond the bound', () => {
  expect(decideRetention(1500, 1000, true)).toEqual({ kind: 'spared', percent: 150 });
  expect(decideRetention(400, 1000, true)).toEqual({ kind: 'within' });
});
