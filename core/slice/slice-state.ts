/**
 * What the data plane learns about a slice from the control plane, besides its config and flags: who owns it, and whether
 * its owner is about to change.
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
  /** Proxies report when they had writes of the slice under way: the inventory of writers compares. */
  readonly observed?: boolean | undefined;
}

/** A cutover or rollback under way. */
export interface Attempt {
  /** The epoch that the slice has if the attempt succeeds. Each attempt has a new one, higher than all before it. */
  readonly attempt: number;
  /**
   * How long a proxy may send writes after the moment in which it sent its last acknowledgement that was answered. Without
   * a valid lease it holds them: the coordinator may have counted it out.
   */
  readonly leaseMs: number;
  /** Longest wait of a held write after its arrival; then it is refused without being sent. */
  readonly waitMs: number;
}

export type SliceState =
  /** Writes go to the owner as they come. */
  | (Ownership & { readonly writes: 'open' })
  /** An attempt has begun: writes go to the owner as they come, while this proxy has a valid lease. */
  | (Ownership & Attempt & { readonly writes: 'leased' })
  /** Writes wait in the proxies and are decided when released, by the state at that moment. Reads do not wait. */
  | (Ownership & Attempt & { readonly writes: 'held' });

/** Every slice starts here, and stays here in a proxy without a control plane. */
export const INITIAL_SLICE_STATE: SliceState = { owner: 'legacy', epoch: 1, writes: 'open' };
