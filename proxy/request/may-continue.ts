/** How long a write without a complete answer may still be executed by its upstream: for so long its pin is kept. */
import type { FicusConfig, RouteConfig, UpstreamConfig } from '@ficus/core';
import type { Outcome } from '../wire/outcome.ts';

type Timeouts = UpstreamConfig['timeouts'];

/**
 * Whichever side broke it off. An answer is awaited for `firstByteMs`, also by a write that lost its kept connection and
 * was answered on a fresh one. Once the answer has begun, its upstream may be silent for `idleMs` and still complete it.
 * @returns milliseconds; 0 when it is over
 */
export function mayContinueMs(outcome: Outcome, timeouts: Timeouts): number {
  const incomplete = outcome.kind === 'failed' && outcome.mayHaveBeenSent;
  if (incomplete && outcome.status !== 0) return longestMs(timeouts);
  return incomplete || outcome.retriedStale ? timeouts.firstByteMs : 0;
}

/** Of writes whose worker has crashed: neither their upstream nor whether an answer had begun is known. */
export function mayContinueAnywhereMs({ legacy, slices }: FicusConfig): number {
  const each = Object.values(slices);
  const all = [legacy, ...each.map(({ candidate }) => candidate), ...each.flatMap(({ routes }) => routes)];
  return Math.max(...all.map(({ timeouts }) => longestMs(timeouts ?? {})));
}

const longestMs = ({ firstByteMs = 0, idleMs = 0 }: NonNullable<RouteConfig['timeouts']>): number =>
  Math.max(firstByteMs, idleMs);
