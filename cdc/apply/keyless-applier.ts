/**
 * Applies changes of a table whose rows have no key on the target. A row is found by all of its mapped columns, compared
 * NULL-safely, and of several equal rows one is taken; which one makes no difference. Each change is a statement of its
 * own, in the order of the source. An UPDATE takes one old row away and puts the new one in; REPLICA IDENTITY FULL gives
 * the whole old row, and with it the large values that the new one did not send.
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

  /** One row; that it is not there is a conflict where it must be. */
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
