/** When an attempt kept writes waiting. Pure. */
import type { AttemptView } from '@ficus/contract';
import { CUTOVER_STEPS, type CutoverStep } from '@ficus/core';
import type { Window } from '../audit/longest-gap.ts';

/** From when proxies were asked to hold writes until they had released them; undefined when they were never asked. */
export function windowOf({ startedAt, steps }: Pick<AttemptView, 'startedAt' | 'steps'>): Window | undefined {
  const hold = steps.find(({ step }) => step === 'hold');
  if (hold === undefined || hold.state === 'waiting' || hold.state === 'skipped') return undefined;
  const untilEndOf = (last: CutoverStep) =>
    steps
      .filter(({ step }) => CUTOVER_STEPS.indexOf(step) <= CUTOVER_STEPS.indexOf(last))
      .reduce((sum, { ms }) => sum + (ms ?? 0), Date.parse(startedAt));
  return { from: untilEndOf('lease'), to: untilEndOf('release') };
}
