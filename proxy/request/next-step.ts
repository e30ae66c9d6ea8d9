/**
 * After an attempt that gave the client nothing: try again, fall back to the legacy, or give up. Pure, so that the
 * strangler's rule can be read and tested in one place: a request that may have reached the candidate goes nowhere
 * else unless it changes nothing.
 */
import type { Reason, Side } from '@ficus/core';
import { foundNoPlace, type Outcome } from '../wire/outcome.ts';

export interface AttemptFacts {
  readonly outcome: Outcome;
  readonly method: string;
  readonly kind: 'read' | 'write';
  readonly side: Side;
  readonly reason: Reason;
  /** Attempts made so far on this side. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** `onBreakerOpen: legacy`, and the other side is not known to be behind for this user. */
  readonly mayFallBack: boolean;
}

export type NextStep = 'retry' | 'fall-back' | 'give-up';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** RFC 9110 section 9.2.1. */
export const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function decideNextStep(facts: AttemptFacts): NextStep {
  const { outcome } = facts;
  if (outcome.kind === 'completed' || outcome.kind === 'tunnelled') return 'give-up';
  if (outcome.responseStarted || outcome.bodyTaken) return 'give-up';
  if (outcome.kind === 'failed' && outcome.side === 'client') return 'give-up';
  if (facts.attempts < facts.maxAttempts && mayRepeat(facts)) return 'retry';
  return facts.mayFallBack && mayGoElsewhere(facts) ? 'fall-back' : 'give-up';
}

function mayRepeat({ outcome, method }: AttemptFacts): boolean {
  if (outcome.kind === 'failed' && foundNoPlace(outcome)) return false;
  return IDEMPOTENT.has(method);
}

function mayGoElsewhere({ outcome, method, kind, side }: AttemptFacts): boolean {
  if (side !== 'candidate' || kind !== 'read') return false;
  return SAFE.has(method) || !outcome.mayHaveBeenSent;
}
