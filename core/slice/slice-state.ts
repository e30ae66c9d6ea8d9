/**
 * What the data plane learns about a slice from the control plane, besides its config and flags. The control plane sends
 * owner `legacy`, epoch 1 and open writes only, because it has no cutover of writes yet. The proxy is ready for one: it
 * honours a hold, and decides by owner and epoch.
 */
import type { Side } from './side.ts';

interface Ownership {
  readonly owner: Side;
  /** Grows with each change of owner; a process with an old epoch may not write. */
  readonly epoch: number;
}

export type SliceState =
  /** Writes go to the owner as they come. */
  | (Ownership & { readonly writes: 'open' })
  /**
   * Writes wait in the proxies and are decided when released, by the state at that moment. Reads do not wait. Prepared
   * for the cutover: no control plane sends it yet.
   */
  | (Ownership & {
      readonly writes: 'held';
      /** Longest wait of a write after its arrival; then it is refused without being sent. */
      readonly waitMs: number;
    });

/** Every slice starts here, and stays here in a proxy without a control plane. */
export const INITIAL_SLICE_STATE: SliceState = { owner: 'legacy', epoch: 1, writes: 'open' };
