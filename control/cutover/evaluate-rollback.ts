/**
 * Whether there is a way back now, and what would be lost on it. After a cutover it is the stream back: one that does not
 * run is a “no” with the room that is left, never silence.
 */
import { formatBytes, type GuardAnswer, type ReplicationStatus, type Side } from '@ficus/core';
import { evaluateHealth } from '../replications/evaluate-health.ts';

export interface RollbackFacts {
  readonly slice: string;
  readonly owner: Side;
  readonly retired: boolean;
  readonly hasTables: boolean;
  /** False while the flags are in a database that is away. */
  readonly canFlip: boolean;
  /** Of the stream back; undefined while there is none. */
  readonly back: ReplicationStatus | undefined;
  /** What does not fit together: who owns the slice may not be as stored. */
  readonly inconsistency?: string | undefined;
}

type RollbackAnswer = Pick<GuardAnswer, 'answer' | 'text'>;

export function evaluateRollback(facts: RollbackFacts): RollbackAnswer {
  const { owner, retired, hasTables, canFlip, inconsistency } = facts;
  if (retired) return { answer: 'fail', text: 'There is no way back: the slice is retired.' };
  if (owner === 'candidate') return evaluateBack(facts);
  if (inconsistency !== undefined)
    return {
      answer: 'insufficient evidence',
      text: `Whether there is a way back is not known. ${inconsistency}`,
    };
  if (!canFlip)
    return {
      answer: 'fail',
      text: 'No flag can be set: the control database is away. The way back is ficus.yaml until it answers: take the slice out of it, and the legacy serves all of it.',
    };
  return {
    answer: 'pass',
    text: hasTables
      ? 'The legacy owns the data and takes all writes: serving 0 % brings every read back at once, and nothing is lost.'
      : 'Serving 0 % brings every request back at once; what the candidate stored on its own stays there.',
  };
}

function evaluateBack({ slice, back }: RollbackFacts): RollbackAnswer {
  if (!back)
    return {
      answer: 'fail',
      text: 'There is no way back: no stream back runs, so that a rollback would lose what the candidate has written.',
    };
  const health = evaluateHealth(back, true);
  if (health.healthy)
    return {
      answer: 'pass',
      text: `The stream back runs, ${Math.round(back.lagMs)} ms behind: \`ficus rollback ${slice}\` loses nothing.`,
    };
  const why = health.reason.replace(/\.$/, '');
  if (back.state === 'starting' && !back.problem)
    return { answer: 'insufficient evidence', text: `Whether there is a way back is not known yet: ${why}.` };
  return {
    answer: 'fail',
    text: `There is no way back now: ${why}. What the candidate writes meanwhile is not on the legacy.${deadline(back)}`,
  };
}

/** How much may still be written before the stream back cannot be continued. */
function deadline({ slot }: ReplicationStatus): string {
  if (!slot) return '';
  if (slot.walStatus === 'lost') return ' Its slot is lost: the rows have to be brought back by hand.';
  const kept = `The candidate keeps ${formatBytes(slot.retainedBytes)} of WAL for it`;
  return slot.roomBytes === undefined
    ? ` ${kept}, without a bound.`
    : ` ${kept}; after ${formatBytes(slot.roomBytes)} more the way back is lost: act before.`;
}
