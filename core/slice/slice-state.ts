/**
 * What the control plane tells the data plane about a slice, beside its config and flags.
 * Owner and epoch change only by a journaled cutover or rollback.
 */
import type { Side } from './side.ts';

export interface SliceState {
  readonly owner: Side;
  /** Grows with each change of owner; a process with an old epoch may not write. */
  readonly epoch: number;
}

/** Every slice starts here, and stays here in a proxy without a control plane. */
export const INITIAL_SLICE_STATE: SliceState = { owner: 'legacy', epoch: 1 };
