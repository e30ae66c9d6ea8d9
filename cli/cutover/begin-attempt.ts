/** Begins a cutover or rollback. A call without an answer may have begun it all the same. */
import type { ControlClient, CutoverView, OwnerChange } from '@ficus/contract';
import { FicusError } from '@ficus/core';

export type Operation = 'cutover' | 'rollback';

/** @throws FicusError what the control plane answers; FICUS_CUTOVER_NOT_FOLLOWED when it does not */
export async function beginAttempt(
  control: Pick<ControlClient, Operation>,
  operation: Operation,
  slice: string,
  wish: OwnerChange,
): Promise<CutoverView> {
  try {
    return await control[operation](slice, wish);
  } catch (error) {
    if (!(error instanceof FicusError) || error.code !== 'FICUS_CONTROL_OUTCOME_UNKNOWN') throw error;
    throw new FicusError(
      'FICUS_CUTOVER_NOT_FOLLOWED',
      `${error.message} Whether the ${operation} of ${slice} has begun is not known.`,
      { cause: error },
    );
  }
}
