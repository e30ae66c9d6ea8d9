/**
 * A guard: a pure function from the facts of a slice to an answer. The facts are the slice's view, so that a user
 * sees the same numbers as the guard; a guard picks the parts that it needs. guard-registry.ts lists the guards;
 * evaluate-guards.ts evaluates them.
 */
import type { SliceView } from '@ficus/contract';
import type { GuardAnswer } from '@ficus/core';

export type GuardFacts = Omit<SliceView, 'guards'>;

/** @param bound what `slices.NAME.guards` sets for this guard */
export type Guard<Bound> = (facts: GuardFacts, bound: Bound) => GuardAnswer;
