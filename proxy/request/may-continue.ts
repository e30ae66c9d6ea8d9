/** How long a write without a complete answer may still be executed by its upstream: for so long its pin is kept. */
import type { FicusConfig, UpstreamConfig } from '@ficus/core';
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
  const upstreams = [legacy, ...Object.values(slices).map(({ candidate }) => candidate)];
  return Math.max(...upstreams.map(({ timeouts }) => longestMs(timeouts)));
}

const longestMs = ({ firstByteMs, idleMs }: Timeouts): number => Math.max(firstByteMs, idleMs);
