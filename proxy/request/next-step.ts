/**
 * May this request be sent again, and to which side? After an attempt that gave the client nothing: the same side
 * again, the legacy instead, or neither. Pure, so that the strangler's rule can be read and tested in one place: a
 * request that may have reached the candidate goes nowhere else unless it changes nothing. Called by attempts.ts.
 * core/http/methods.ts defines what a method promises; the forwarder replaces a stale connection, once, by the same
 * lists.
 */
import { isIdempotent, isSafe, type Reason, type Side, type SliceConfig } from '@ficus/core';
import { foundNoPlace, foundNoPlaceForAnswer, type Outcome } from '../wire/outcome.ts';

/** What a fallback depends on. */
export interface FallBackFacts {
  /** Which side was to serve. */
  readonly side: Side;
  readonly method: string;
  /** Any attempt so far, not only the last one, may have reached that side. */
  readonly mayHaveArrived: boolean;
  readonly kind: 'read' | 'write';
  readonly onBreakerOpen: SliceConfig['onBreakerOpen'];
  /** The legacy may be behind for this user. */
  readonly pinned: boolean;
  /** The candidate owns the slice, and the legacy no longer gets its changes. */
  readonly legacyLacks: boolean;
  readonly reason: Reason;
}

export interface AttemptFacts extends FallBackFacts {
  readonly outcome: Outcome;
  /** Attempts made so far, on either side. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** The retry budget covers another attempt. */
  readonly affordable: boolean;
}

type NextStep = 'retry' | 'fall-back' | 'give-up';

export function decideNextStep(facts: AttemptFacts): NextStep {
  const { outcome, method } = facts;
  if (outcome.kind !== 'failed' && outcome.kind !== 'discarded') return 'give-up';
  if (outcome.responseStarted || outcome.bodyTaken) return 'give-up';
  if (outcome.kind === 'failed' && outcome.side === 'client') return 'give-up';
  const mayTryAgain = facts.attempts < facts.maxAttempts && facts.affordable;
  if (mayTryAgain && mayRepeat(outcome, method)) return 'retry';
  return mayFallBack(facts) ? 'fall-back' : 'give-up';
}

/**
 * Whether a request that the candidate does not serve may be served by the legacy instead: after a failed attempt, or
 * when the candidate takes none, its breaker open or its limit reached.
 */
export function mayFallBack(facts: FallBackFacts): boolean {
  const { side, kind, onBreakerOpen, pinned, legacyLacks, reason } = facts;
  if (side !== 'candidate' || kind !== 'read' || onBreakerOpen !== 'legacy') return false;
  // A pinned user would read an old state of the legacy, and a forced request wants to see the candidate as it is.
  return !pinned && !legacyLacks && reason !== 'forced' && mayGoElsewhere(facts);
}

/**
 * Whether an answer whose status is retried (`retry.statuses`) may be discarded: only for a request that changes
 * nothing, because an upstream that answered has acted. A body would be gone.
 * @param writes whether it is known to change a slice's tables, whatever its method promises
 */
export function mayDiscardAnswer(method: string, hasBody: boolean, writes: boolean): boolean {
  return isSafe(method) && !hasBody && !writes;
}

/** To the same side: no answer came, not for want of place, and sending twice is the same as once. */
function mayRepeat(outcome: Outcome, method: string): boolean {
  if (outcome.kind === 'failed' && (foundNoPlace(outcome) || foundNoPlaceForAnswer(outcome))) return false;
  return isIdempotent(method);
}

/** To the other side, which has a state of its own. */
function mayGoElsewhere({ method, mayHaveArrived }: FallBackFacts): boolean {
  return isSafe(method) || !mayHaveArrived;
}
