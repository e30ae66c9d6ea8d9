/**
 * Evaluated before every raise, whatever the config sets: is the candidate's data complete, and does its stream work?
 */
import type { GuardAnswer } from '@ficus/core';
import type { GuardFacts } from './guard.ts';

export function evaluateData({ replication }: Pick<GuardFacts, 'replication'>): GuardAnswer {
  if (!replication) return { answer: 'pass', text: 'The slice has no change stream.', numbers: {} };
  const { lagMs, reason, state, copy, copied, problem } = replication;
  if (replication.healthy)
    return {
      answer: 'pass',
      text: 'The candidate’s data is complete and its stream works.',
      numbers: { lagMs },
    };
  const why = (reason ?? 'the stream makes no progress').replace(/\.$/, '');
  if (state === 'stopped') return fail(`The candidate’s stream is stopped: ${why}.`);
  if (copied || problem || !copy) return fail(`The candidate’s data is not ready: ${why}.`);
  const { rowsCopied, rowsTotal } = copy;
  return fail(`The first copy is not complete (${rowsCopied} of about ${rowsTotal} rows).`, {
    rowsCopied,
    rowsTotal,
  });
}

const fail = (text: string, numbers: GuardAnswer['numbers'] = {}): GuardAnswer => ({
  answer: 'fail',
  text,
  numbers,
});
