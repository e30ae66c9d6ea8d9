/**
 * A guard: a pure function from what is known of a slice to an answer. What it may look at is the slice's view, so that
 * a user sees the same numbers as the guard. guard-registry.ts lists the guards; evaluate-guards.ts asks them.
 */
import type { SliceView } from '@ficus/contract';
import type { GuardAnswer } from '@ficus/core';

export type GuardFacts = Pick<SliceView, 'parity' | 'replication' | 'traffic'>;

/** @param bound what `slices.NAME.guards` sets for this guard */
export type Guard<Bound> = (facts: GuardFacts, bound: Bound) => GuardAnswer;
