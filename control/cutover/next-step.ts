/**
 * What a run of an attempt does next, from what it knows. Before the journal any failure, and any restart, abandons it;
 * after it there is only forward. `undo` is the one action that lifts the old owner's fence, and no fact leads to it once
 * the attempt is in the journal.
 */
import { CUTOVER_STEPS, type CutoverStep, mayAbandon } from '@ficus/core';
import type { AttemptOutcome } from './attempt.ts';

export interface AttemptFacts {
  /** As the journal has it. */
  readonly outcome: AttemptOutcome | null;
  readonly finished: boolean;
  /** Owner and epoch are changed. */
  readonly journaled: boolean;
  readonly rehearsal: boolean;
  /** This run began the attempt; false when another process did. */
  readonly fresh: boolean;
  /** Steps that this run has carried out. */
  readonly done: ReadonlySet<CutoverStep>;
  /** A step before the journal has failed in this run. */
  readonly failed: boolean;
  /** Fence and proxies are as before the attempt. */
  readonly undone: boolean;
  /** This run has asked the journal to commit: it may have, also without an answer. */
  readonly commitSent: boolean;
  /** The journal did not store the end of the attempt when it was last asked to. */
  readonly abandonFailed: boolean;
}

export type NextAction =
  | { readonly kind: 'step'; readonly step: CutoverStep }
  /**
   * Compare and set in the journal; the fence is lifted only once that is stored, unless the control database is away and
   * cannot have the attempt. An attempt that proves to be in the journal,
   * after a missing answer, stays there.
   */
  | { readonly kind: 'abandon' }
  | { readonly kind: 'undo' }
  | { readonly kind: 'finish' }
  | { readonly kind: 'end' };

/** The first step that a rehearsal does not carry out. */
const REAL_FROM: CutoverStep = 'hold';

export function decideNext(facts: AttemptFacts): NextAction {
  if (facts.finished) return { kind: 'end' };
  if (facts.journaled) return nextOf(facts, (step) => !mayAbandon(step) && step !== 'journal');
  if (facts.outcome !== null) return { kind: facts.undone ? 'finish' : 'undo' };
  if (facts.failed || !facts.fresh) return { kind: mayUndoFirst(facts) ? 'undo' : 'abandon' };
  const next = nextOf(facts, (step) => mayAbandon(step) || step === 'journal');
  const isRehearsed = facts.rehearsal && next.kind === 'step' && next.step === REAL_FROM;
  return isRehearsed ? { kind: mayUndoFirst(facts) ? 'undo' : 'abandon' } : next;
}

/**
 * While the control database is away, writers of a slice are not kept waiting for it where it cannot have the attempt: only
 * the process that began an attempt commits it, and this one has not.
 */
const mayUndoFirst = ({ fresh, commitSent, abandonFailed, undone }: AttemptFacts): boolean =>
  fresh && !commitSent && abandonFailed && !undone;

function nextOf({ done }: AttemptFacts, isDue: (step: CutoverStep) => boolean): NextAction {
  const step = CUTOVER_STEPS.find((step) => isDue(step) && !done.has(step));
  return step === undefined ? { kind: 'finish' } : { kind: 'step', step };
}
