/** Whether a request that the candidate does not serve may be served by the legacy instead. Pure. */
import type { Side } from '@ficus/core';
import type { RequestDecision } from '../decide/decide-request.ts';
import type { LiveRoute } from '../snapshot/live-snapshot.ts';

/** @param side who was to serve */
export function mayFallBack(route: LiveRoute | undefined, side: Side, decision: RequestDecision): boolean {
  if (!route || side !== 'candidate' || route.config.kind !== 'read') return false;
  // A pinned user would read the legacy's past, and a forced request wants to see the candidate as it is.
  return route.slice.config.onBreakerOpen === 'legacy' && !decision.pinned && decision.reason !== 'forced';
}
