/**
 * Places at which a test may stop or kill the coordinator, named after the steps: reached when the step's work is done, and
 * before that is recorded anywhere. Outside tests every call is one comparison with undefined: only code can set a trap, no
 * variable of the environment and no config.
 */
import type { CutoverStep } from '@ficus/core';

type Trap = (step: CutoverStep) => Promise<void> | undefined;

let trap: Trap | undefined;

/** Tests set a handler here; undefined removes it. */
export function setCutoverTrap(handler: Trap | undefined): void {
  trap = handler;
}

/** Call when a step's work is done. */
export function reachStep(step: CutoverStep): Promise<void> | undefined {
  return trap?.(step);
}
