/**
 * What the data plane learns about a slice from the control plane, besides its config and flags. The control plane sends
 * owner `legacy`, epoch 1 and open writes only, because it has no cutover of writes yet. The proxy is ready for one: it
 * honours a hold, and decides by owner and epoch.
 */
import type { Side } from './side.ts';

/** What the side that does not own a slice with tables is known to lack. */
export type Lack =
  /** Rows: the first copy of its tables is not complete. */
  | 'rows'
  /** Changes: the change stream has stopped until a person acts. */
  | 'changes';

interface Ownership {
  readonly owner: Side;
  /** Grows with each change of owner; a process with an old epoch may not write. */
  readonly epoch: number;
  /**
   * While the other side lacks something, the owner serves its reads, too. Absent when it has everything, or is a moment
   * behind; null while that is not known, after a start of the control plane: then what was known before applies.
   */
  readonly lacks?: Lack | null | undefined;
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
