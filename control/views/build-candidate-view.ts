/** The candidate as the proxies see it, beside the stage, which follows from the flags alone. */
import type { CandidateView } from '@ficus/contract';
import type { SliceConfig } from '@ficus/core';
import type { CandidateFacts } from '../traffic/candidate-watch.ts';

/** @param serves whether the serve flag gives it a share */
export function buildCandidateView(
  facts: CandidateFacts,
  slice: SliceConfig,
  serves: boolean,
): CandidateView {
  const { state, failingSince, answeredAt, breakersOpen } = facts;
  const isoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  return {
    state,
    failingSince: isoTime(failingSince),
    answeredAt: isoTime(answeredAt),
    breakersOpen,
    text: state === 'fails' ? `${describeFailure(facts)}${describeFallback(facts, slice, serves)}` : null,
  };
}

function describeFailure({ breakersOpen }: CandidateFacts): string {
  if (breakersOpen === 0) return 'The candidate does not answer.';
  const workers = breakersOpen === 1 ? '1 worker' : `${breakersOpen} workers`;
  return `The candidate does not answer: its circuit breaker is open in ${workers} of the proxies.`;
}

function describeFallback({ breakersOpen }: CandidateFacts, slice: SliceConfig, serves: boolean): string {
  if (!serves) return ' The serve flag gives it no requests.';
  const requests = slice.tables.length > 0 ? 'reads' : 'requests';
  if (breakersOpen > 0 && slice.onBreakerOpen === 'fail') return ` Its ${requests} are refused with 503.`;
  return ` The legacy serves its ${requests}.`;
}
