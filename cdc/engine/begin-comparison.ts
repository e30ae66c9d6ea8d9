/** What a comparison knows of a stream's recorded changes. */
import type { ChangeLedger } from '../batch/change-ledger.ts';
import type { RecordedChanges } from '../replication.ts';

/** @param current the ledger that the stream records to; undefined while it records none */
export function beginComparison(current: () => ChangeLedger | undefined): RecordedChanges {
  const ledger = current();
  const until = ledger?.turn() ?? 0;
  return {
    // One that was begun, or given up, meanwhile says nothing of these rows.
    changed: (table, since) => (current() === ledger ? ledger?.changed(table, since) : undefined),
    areEqual: () => ledger?.equalUntil(until),
  };
}
