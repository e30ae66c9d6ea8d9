/** Step 6, respond: the proxy's answer for an exchange that failed before the client saw any of it. */
import { type ErrorCode, isSafe } from '@ficus/core';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import { type FailureCause, foundNoPlace, foundNoPlaceForAnswer, type Outcome } from '../wire/outcome.ts';

const CODES: Readonly<Record<FailureCause, ErrorCode>> = {
  cancelled: 'FICUS_PROXY_UPSTREAM_UNREACHABLE',
  'timed-out': 'FICUS_PROXY_UPSTREAM_TIMEOUT',
  refused: 'FICUS_PROXY_UPSTREAM_UNREACHABLE',
  reset: 'FICUS_PROXY_UPSTREAM_RESET',
  'too-large': 'FICUS_PROXY_BODY_TOO_LARGE',
  invalid: 'FICUS_PROXY_UPSTREAM_INVALID',
  overloaded: 'FICUS_PROXY_OVERLOADED',
  'too-many-streams': 'FICUS_PROXY_STREAM_NOT_PASSED',
};

/**
 * The answer, or undefined when none can be given: the client has seen part of one, or is gone.
 * @param upstream its name (side or slice), never its address
 * @param method of the request: only a safe one is invited to try again after the upstream has acted
 */
export function answerForOutcome(
  outcome: Outcome,
  upstream: string,
  method: string,
): ProblemAnswer | undefined {
  if (outcome.kind !== 'failed' || outcome.responseStarted) return undefined;
  const { side, cause, phase, detail: why } = outcome;
  if (side === 'client') return answerForClient(cause);
  const detail = `The exchange with ${upstream} failed (${phase}, ${cause}).`;
  if (foundNoPlace(outcome) || (foundNoPlaceForAnswer(outcome) && isSafe(method)))
    return { code: 'FICUS_PROXY_OVERLOADED', detail: `${upstream}: ${why}.`, retryAfterSeconds: 1 };
  return { code: CODES[cause], detail };
}

function answerForClient(cause: FailureCause): ProblemAnswer | undefined {
  if (cause === 'invalid')
    return { code: 'FICUS_PROXY_BAD_REQUEST', detail: 'The body of the request is malformed.' };
  if (cause === 'too-large')
    return { code: 'FICUS_PROXY_BODY_TOO_LARGE', detail: 'The body of the request is too large.' };
  // The client is still connected and may read why.
  if (cause === 'timed-out')
    return { code: 'FICUS_PROXY_REQUEST_TIMEOUT', detail: 'The request did not arrive in time.' };
  return undefined;
}
