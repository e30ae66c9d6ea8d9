/** The client span of one sending: an attempt, or the shadow copy. Nothing unless tracing is configured. */
import type { Side } from '@ficus/core';
import type { SendSpan } from '../observe/request-span.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Outcome } from '../wire/outcome.ts';
import type { RequestState } from './request-state.ts';

export function beginSending(
  { name, request, route, attempts }: RequestState,
  side: Side,
  upstream: Upstream,
  isCopy = false,
): SendSpan | undefined {
  const { url } = upstream.config;
  const pattern = route?.config.path;
  const resendCount = isCopy ? 0 : attempts;
  return name.span?.send({ side, method: request.method!, pattern, url, resendCount, isCopy });
}

export function endSending(state: RequestState, outcome: Outcome): void {
  if (state.sending === undefined) return;
  const error = outcome.kind === 'failed' ? outcome.cause : undefined;
  state.sending.end(outcome.status, error);
  state.sending = undefined;
}
