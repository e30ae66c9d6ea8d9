/**
 * `guards.parity`: did enough comparisons agree? With too few samples a good ratio proves nothing; too many
 * mismatches are a `fail` at once, since the matches still needed cannot make up for them.
 */
import type { GuardAnswer, GuardBound } from '@ficus/core';
import type { GuardFacts } from './guard.ts';

export function evaluateParity(
  { parity }: Pick<GuardFacts, 'parity'>,
  bound: GuardBound<'parity'>,
): GuardAnswer {
  const { compared, ratio } = parity;
  const needed = neededSamples(bound);
  const mismatches = parity.counts.mismatch;
  const numbers = { compared, needed, mismatches, min: bound.min, ...(ratio !== null && { ratio }) };
  const found = `${mismatches} of ${compared} comparisons differ${describeRest(parity)}`;
  if (mismatches > Math.floor((1 - bound.min) * Math.max(compared, needed) + ROUNDING))
    return { answer: 'fail', text: `${found}; at least ${percent(bound.min)} must agree.`, numbers };
  if (compared < needed)
    return {
      answer: 'insufficient evidence',
      text: `${found}; ${needed} comparisons are needed to show that ${percent(bound.min)} agree.`,
      numbers,
    };
  return { answer: 'pass', text: `${found}; at least ${percent(bound.min)} must agree.`, numbers };
}

/** What the numbers do not say: rules explained a part of it, and some reads were never compared. */
function describeRest({ compared, counts, uncompared }: GuardFacts['parity']): string {
  const rest = [
    ...(counts.noise > 0 ? [`${counts.noise} are explained by rules`] : []),
    ...(compared > 0 && uncompared.length > 0 ? [`never compared: ${uncompared.join(', ')}`] : []),
  ];
  return rest.length > 0 ? ` (${rest.join('; ')})` : '';
}

const ROUNDING = 1e-9;

/** The rule of three: with no mismatch among n, the share of mismatches is below 3 / n with 95 % confidence. */
function neededSamples({ min, samples }: GuardBound<'parity'>): number {
  return min < 1 ? Math.max(samples, Math.ceil(3 / (1 - min) - 1e-6)) : samples;
}

const percent = (share: number) => `${Number((share * 100).toFixed(4))} %`;
