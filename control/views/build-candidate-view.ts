/** Candidate and legacy as the proxies see them, beside the stage, which follows from the flags alone. */
import type { CandidateView, LegacyView } from '@ficus/contract';
import type { SliceConfig } from '@ficus/core';
import type { CandidateFacts } from '../traffic/candidate-watch.ts';

/** @param serves whether the serve flag gives it a share */
export function buildCandidateView(
  facts: CandidateFacts,
  slice: SliceConfig,
  serves: boolean,
): CandidateView {
  const { state, failingSince, answeredAt, breakersOpen, failingChecks } = facts;
  const isoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  return {
    state,
    failingSince: isoTime(failingSince),
    answeredAt: isoTime(answeredAt),
    breakersOpen,
    failingChecks,
    text: state === 'fails' ? `${describeFailure(facts)}${describeFallback(facts, slice, serves)}` : null,
  };
}

function describeFailure({ breakersOpen, failingChecks }: CandidateFacts): string {
  if (failingChecks > 0) return `The candidate fails the health checks of ${proxies(failingChecks)}.`;
  if (breakersOpen === 0) return 'The candidate does not answer.';
  const workers = breakersOpen === 1 ? '1 worker' : `${breakersOpen} workers`;
  return `The candidate does not answer: its circuit breaker is open in ${workers} of the proxies.`;
}

const proxies = (count: number): string => (count === 1 ? '1 proxy' : `${count} proxies`);

function describeFallback(
  { breakersOpen, failingChecks }: CandidateFacts,
  slice: SliceConfig,
  serves: boolean,
): string {
  if (!serves) return ' The serve flag gives it no requests.';
  const requests = slice.tables.length > 0 ? 'reads' : 'requests';
  if (breakersOpen > 0 && slice.onBreakerOpen === 'fail') return ` Its ${requests} are refused with 503.`;
  if (slice.onBreakerOpen === 'fail') return ` Its ${requests} are sent to it nevertheless.`;
  if (failingChecks > 0) return ` There, the legacy serves its ${requests}.`;
  return ` The legacy serves its ${requests}.`;
}

/** @param failingChecks proxies whose health checks fail */
export function buildLegacyView(failingChecks: number): LegacyView {
  if (failingChecks === 0) return { failingChecks, text: null };
  const text = `The legacy fails the health checks of ${proxies(failingChecks)}. Its requests are sent to it nevertheless.`;
  return { failingChecks, text };
}
