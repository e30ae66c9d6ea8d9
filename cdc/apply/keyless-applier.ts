/**
 * Applies changes of a table whose rows have no key on the target. A row is found by all of its mapped columns,
 * compared NULL-safely; of several equal rows any one is taken. Each change is a statement of its own, in the order of
 * the source. An UPDATE deletes one old row and inserts the new one; REPLICA IDENTITY FULL sends the whole old row,
 * including the large values that the new one omits.
 */
import { composeTuple, type TuplePlace } from '../batch/compose-tuple.ts';
import { DELETE_ROW, INSERT_ROW, type OrderedChange } from '../batch/ordered-changes.ts';
import { hasUnchanged } from '../decode/tuple.ts';
import type { Findings } from './findings.ts';
import { TableApplier } from './table-applier.ts';

export class KeylessApplier extends TableApplier {
  override async applyOrdered(
    run: readonly OrderedChange[],
    bytes: Buffer,
    findings: Findings,
  ): Promise<void> {
    if (run[0]?.operation === INSERT_ROW) {
      const rows = run.map((change) => ({ bytes, at: change.at }));
      this.statements.inserts.sendRows(rows);
      return;
    }
    for (const { operation, oldAt, at } of run) {
      const oldRow = { bytes, at: oldAt };
      if (operation === DELETE_ROW) this.remove([oldRow], findings);
      else {
        this.#takeAway(oldRow, findings);
        this.statements.inserts.sendRows([wholeRow({ bytes, at }, oldRow)]);
      }
    }
  }

  /** Deletes one row; a missing row is a conflict if it must exist. */
  #takeAway(oldRow: TuplePlace, findings: Findings): void {
    this.statements.deletes.sendKeys(
      [oldRow],
      this.judgesUpdates ? this.expectAll([oldRow], findings) : undefined,
    );
  }
}

function wholeRow(newRow: TuplePlace, oldRow: TuplePlace): TuplePlace {
  if (!hasUnchanged(newRow.bytes, newRow.at)) return newRow;
  return { bytes: composeTuple(newRow, oldRow), at: 0 };
}
