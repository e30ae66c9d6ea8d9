/** Carries out a planned removal: each step whatever became of the others, the control database only after all of them. */
import { type RemovalStep, runRemoval } from '@ficus/cdc';
import { FicusError } from '@ficus/core';
import type { Removal, RemovalPart } from './plan-removal.ts';

export interface StepOutcome {
  readonly part: RemovalPart;
  readonly step: RemovalStep;
  /** `kept`: not tried, because something before it is left. */
  readonly outcome: 'done' | 'failed' | 'kept';
  readonly problem: string | undefined;
}

export interface RemovalOutcome {
  readonly steps: readonly StepOutcome[];
  /** Nothing of Ficus is left but what is somebody else's. */
  readonly complete: boolean;
}

/** @throws FicusError FICUS_REMOVE_IN_USE */
export async function carryOut(
  removal: Removal,
  onStep: (outcome: StepOutcome) => void,
): Promise<RemovalOutcome> {
  if (removal.inUse) throw new FicusError('FICUS_REMOVE_IN_USE', removal.inUse);
  const steps: StepOutcome[] = [];
  let complete = true;
  for (const part of removal.parts) {
    // It remembers what is left: as long as something is, so must it.
    const keep = part.place === 'control' && !complete;
    const failures = keep ? part.steps.map(() => undefined) : await runRemoval(part.url, part.steps);
    const outcomes = part.steps.map((step, index): StepOutcome => {
      const problem = failures[index];
      return { part, step, problem, outcome: keep ? 'kept' : problem === undefined ? 'done' : 'failed' };
    });
    for (const outcome of outcomes) onStep(outcome);
    steps.push(...outcomes);
    complete &&= isComplete(part, outcomes);
  }
  return { steps, complete };
}

const isComplete = (part: RemovalPart, outcomes: readonly StepOutcome[]): boolean =>
  part.problem === undefined &&
  !part.remnants.some(({ missing }) => missing) &&
  outcomes.every(({ outcome }) => outcome === 'done');
