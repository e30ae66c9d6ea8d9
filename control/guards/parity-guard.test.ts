import { expect, test } from 'vitest';
import { parityOf } from './guard-facts.fixture.ts';
import { evaluateParity } from './parity-guard.ts';

test.each([
  // min, samples, matches, mismatches
  [0.999, 1, 0, 0, 'insufficient evidence'],
  [0.999, 1, 2999, 0, 'insufficient evidence'],
  [0.999, 1, 3000, 0, 'pass'],
  [0.999, 1, 2997, 3, 'pass'],
  [0.999, 1, 10, 3, 'insufficient evidence'],
  [0.999, 1, 10, 4, 'fail'],
  [0.999, 1, 99_900, 100, 'pass'],
  [0.999, 1, 99_899, 101, 'fail'],
  [0.9, 100, 99, 0, 'insufficient evidence'],
  [0.9, 100, 90, 10, 'pass'],
  [0.9, 100, 89, 11, 'fail'],
  [1, 50, 49, 0, 'insufficient evidence'],
  [1, 50, 50, 0, 'pass'],
  [1, 50, 1_000_000, 1, 'fail'],
  [0, 10, 0, 10, 'pass'],
] as const)('min %d, samples %d: %d matches, %d mismatches: %s', (min, samples, match, mismatch, answer) => {
  expect(evaluateParity({ parity: parityOf(match, mismatch) }, { min, samples })).toMatchObject({ answer });
});

test('says what was found and what is required', () => {
  expect(evaluateParity({ parity: parityOf(9, 1) }, { min: 0.999, samples: 1 })).toEqual({
    answer: 'insufficient evidence',
    text: '1 of 10 comparisons differ; 3000 comparisons are needed to show that 99.9 % agree.',
    numbers: { compared: 10, needed: 3000, mismatches: 1, min: 0.999, ratio: 0.9 },
  });
});

test('names what rules explained, and the reads that were never compared', () => {
  const parity = { ...parityOf(3000, 0), uncompared: ['get', 'preferences'] };
  const explained = { ...parity, counts: { ...parity.counts, match: 2000, noise: 1000 } };
  expect(evaluateParity({ parity: explained }, { min: 0.999, samples: 1 })).toMatchObject({
    answer: 'pass',
    text: '0 of 3000 comparisons differ (1000 are explained by rules; never compared: get, preferences); at least 99.9 % must agree.',
  });
});
