/** `guards.lag`: is the candidate's data no further behind the legacy's than the bound? */
import type { GuardAnswer, GuardBound } from '@ficus/core';
import type { GuardFacts } from './guard.ts';

export function evaluateLag(
  { replication }: Pick<GuardFacts, 'replication'>,
  { maxMs }: GuardBound<'lag'>,
): GuardAnswer {
  if (!replication)
    return { answer: 'pass', text: 'The slice has no tables: nothing can lag.', numbers: { maxMs } };
  if (!replication.healthy)
    return {
      answer: 'insufficient evidence',
      text: `The lag is unknown: ${(replication.reason ?? 'the stream makes no progress').replace(/\.$/, '')}.`,
      numbers: { maxMs },
    };
  const lagMs = Math.round(replication.lagMs);
  const within = lagMs <= maxMs;
  return {
    answer: within ? 'pass' : 'fail',
    text: `The change stream is ${lagMs} ms behind; ${maxMs} ms are allowed.`,
    numbers: { lagMs, maxMs },
  };
}
