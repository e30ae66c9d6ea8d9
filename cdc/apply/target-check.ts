/**
 * Checks the target while a batch is applied. With one writer the source's order says of each change whether the
 * target has its row; where the target differs, another writer changed it. The rules:
 *
 * | change | the target must | else |
 * | --- | --- | --- |
 * | INSERT, or a row moving to a key | not have the key | conflict: the stream stops, the row stays as it is |
 * | UPDATE, or a row moving from a key | have the key | conflict: the stream stops, no row is invented |
 * | DELETE | have the key | counted (`missingDeletes`): the target is already right |
 *
 * | any of them | carry it out | left out: the stream stops, unless the mapping allows it (`mayLeaveOut`, left-out.ts) |
 *
 * The first three hold for a table from the batch after the high mark of its last chunk on: until then a chunk may or may not
 * have brought a row ahead of the stream. At that mark, and not provably earlier, the target is what the source was
 * at the mark's commit; the copy's `done` is committed there, between two batches.
 *
 * Rows of the stream may be told apart by more than the target's key (REPLICA IDENTITY FULL with a condition, or with
 * another key on the target). Of two such rows with one key on the target, one that the batch inserts and deletes is then
 * "already there" when the other stays: a value that changes and changes back. That is no conflict (`isExplained`).
 *
 * Exempt, because the target may rightly differ: UPDATEs and DELETEs of a mapping with a condition or a module (a row
 * may come and go by its values), and those of a table whose own triggers fire for what the stream writes: such a
 * trigger may remove rows, which a DELETE then misses. What a trigger or rule may leave out of a statement, or keep (a soft
 * delete), PostgreSQL reports like a missing row: such tables alone are asked again, for the last of the rules.
 */
import type { TablePlan } from '../mapping/table-plan.ts';

export interface Conflict {
  readonly kind: 'already there' | 'missing' | 'left out';
  readonly plan: TablePlan;
  /** Keys on the target of a few of the rows concerned; asked within the transaction that found it. */
  keys(): Promise<readonly string[]>;
  /** Whether the batch itself accounts for all of the rows; asked likewise. */
  isExplained(): Promise<boolean>;
}

export class TargetCheck {
  /** Rows to be deleted that the target did not have. */
  missingDeletes = 0;
  /** An answer is outstanding that decides whether to commit. */
  decisive = false;
  readonly conflicts: Conflict[] = [];

  /** The first that the batch itself does not account for; forgets those that it does. */
  async firstConflict(): Promise<Conflict | undefined> {
    for (let conflict = this.conflicts[0]; conflict; conflict = this.conflicts[0]) {
      if (!(await conflict.isExplained())) return conflict;
      this.conflicts.shift();
    }
    return undefined;
  }
}
