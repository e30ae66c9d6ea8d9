/** Decides which changes of a table enter a batch now: those of tables that are copied whole may have to wait. */

/** `skip`: the copy has the change. `wait`: it comes again once the copy is on the target. */
export type Admission = 'apply' | 'skip' | 'wait';

export interface ChangeGate {
  /** @param table `schema.table` of the source */
  admit(table: string, commitLsn: bigint): Admission;
}
