/**
 * Applies changes of a table whose rows have no key on the target. A row is found by all of its mapped columns,
 * compared NULL-safely; of several equal rows any one is taken. Each change is a statement of its own, in the order of
 * the source. An UPDATE deletes one old row and inserts the new one; REPLICA IDENTITY FULL sends the whole old row,
 * including the large values that the new one omits.
 */
import { composeTuple, type TuplePlace } from '../batch/compose-tuple.ts';
import { DELETE_ROW, INSERT_ROW, type OrderedChange } from '../batch/ordered-changes.ts';
import { hasUnchanged } from '../decode/tuple.ts';
import { expectAll } from './expect-rows.ts';
import { TableApplier } from './table-applier.ts';
import type { TargetCheck } from './target-check.ts';

export class KeylessApplier extends TableApplier {
  override async applyOrdered(
    run: readonly OrderedChange[],
    bytes: Buffer,
    check: TargetCheck,
  ): Promise<void> {
    if (run[0]?.operation === INSERT_ROW) {
      const rows = run.map((change) => ({ bytes, at: change.at }));
      this.sendInserts(rows, check);
      return;
    }
    for (const { operation, oldAt, at } of run) {
      const oldRow = { bytes, at: oldAt };
      if (operation === DELETE_ROW) this.remove([oldRow], check);
      else {
        this.remove(
          [oldRow],
          check,
          this.mustHaveRows ? expectAll(this.statements, () => [oldRow], check) : undefined,
        );
        this.sendInserts([wholeRow({ bytes, at }, oldRow)], check);
      }
    }
  }
}

function wholeRow(newRow: TuplePlace, oldRow: TuplePlace): TuplePlace {
  if (!hasUnchanged(newRow.bytes, newRow.at)) return newRow;
  return { bytes: composeTuple(newRow, oldRow), at: 0 };
}
