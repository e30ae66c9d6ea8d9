/** Candidate and legacy as the proxies see them, beside the stage, which follows from the flags alone. */
import type { CandidateView, LegacyView } from '@ficus/contract';
import type { SliceConfig } from '@ficus/core';
import type { CandidateFacts } from '../traffic/candidate-watch.ts';

/** @param serves whether the serve flag gives it a share */
export function buildCandidateView(
  facts: CandidateFacts,
  slice: SliceConfig,
  serves: boolean,
  now = Date.now(),
): CandidateView {
  const { state, failingSince, askedAt, answeredAt, breakersOpen, failingChecks } = facts;
  const failure = state === 'fails' ? describeFailure(facts, slice, now) : undefined;
  const isoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  return {
    state,
    failingSince: isoTime(failingSince),
    failure: failure?.short ?? null,
    askedAt: isoTime(askedAt),
    answeredAt: isoTime(answeredAt),
    breakersOpen,
    failingChecks,
    text:
      failingSince === undefined
        ? null
        : `${failure?.text ?? describePart(facts)}${describeFallback(facts, slice, serves)}`,
  };
}

/** Others have answers meanwhile. */
function describePart({ breakersOpen }: CandidateFacts): string {
  return `The candidate answers, but not all proxies: its circuit breaker is open in ${workers(breakersOpen)}.`;
}

/** Without a request an open breaker stays open, whatever the candidate would answer by now, or answers to health checks. */
const UNASKED_MS = 10_000;

const NOW = { 'no answer': 'does not answer', errors: 'answers with errors' } as const;
const BEFORE = { 'no answer': 'did not answer', errors: 'answered with errors' } as const;

function describeFailure(
  { breakersOpen, failingChecks, failure = 'no answer', askedAt }: CandidateFacts,
  { candidate }: SliceConfig,
  now: number,
): { readonly short: string; readonly text: string } {
  if (failingChecks > 0)
    return {
      short: 'fails its health checks',
      text: `The candidate fails the health checks of ${proxies(failingChecks)}.`,
    };
  const breaker =
    breakersOpen === 0 ? '' : `: its circuit breaker is open in ${workers(breakersOpen)} of the proxies`;
  const unaskedMs = askedAt === undefined ? 0 : now - askedAt;
  if (unaskedMs <= UNASKED_MS)
    return { short: NOW[failure], text: `The candidate ${NOW[failure]}${breaker}.` };
  const ago = `${Math.round(unaskedMs / 1000)} s ago`;
  return {
    short: `${BEFORE[failure]}, and had no request since`,
    text: `The candidate ${BEFORE[failure]} when it had its last request, ${ago}${breaker}.${candidate.health ? PASSES : ''} The next request asks it again.`,
  };
}

/** Checks ask it meanwhile, and close no breaker: what a check asks for is not what users do. */
const PASSES = ' No proxy says that its health checks fail.';

const workers = (count: number): string => (count === 1 ? '1 worker' : `${count} workers`);
const proxies = (count: number): string => (count === 1 ? '1 proxy' : `${count} proxies`);

function describeFallback(
  { state, breakersOpen, failingChecks }: CandidateFacts,
  slice: SliceConfig,
  serves: boolean,
): string {
  if (!serves) return ' The serve flag gives it no requests.';
  const requests = slice.tables.length > 0 ? 'reads' : 'requests';
  const there = failingChecks > 0 || state === 'answers';
  if (breakersOpen > 0 && slice.onBreakerOpen === 'fail')
    return state === 'answers'
      ? ` There, its ${requests} are refused with 503.`
      : ` Its ${requests} are refused with 503.`;
  if (slice.onBreakerOpen === 'fail') return ` Its ${requests} are sent to it nevertheless.`;
  return there ? ` There, the legacy serves its ${requests}.` : ` The legacy serves its ${requests}.`;
}

/** @param failingChecks proxies whose health checks fail */
export function buildLegacyView(failingChecks: number): LegacyView {
  if (failingChecks === 0) return { failingChecks, text: null };
  const text = `The legacy fails the health checks of ${proxies(failingChecks)}. Its requests are sent to it nevertheless.`;
  return { failingChecks, text };
}
