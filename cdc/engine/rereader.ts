/**
 * Reads whole rows from the source, and remembers a position when some were missing. A row that the source moved or
 * deleted before the reread is not on the target until the stream reaches that change. If its table's first copy ends
 * meanwhile, an UPDATE of the row would look like a conflict; so conflicts are checked only behind that position, by
 * later sessions as well.
 */
import { parseLsn } from '@ficus/core';
import type pg from 'pg';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { type RereadRow, rereadRows } from '../batch/reread-rows.ts';
import type { CopyTask } from '../copy/copy-task.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { Positions } from '../positions.ts';

export interface RereaderOptions {
  readonly source: pg.Pool;
  /** Of what the stream has brought until now: whether a reader with some snapshot sees it all. */
  readonly arrived: () => (snapshot: string) => boolean;
  readonly stopping: () => boolean;
  readonly tasks: readonly CopyTask[];
  readonly positions: Positions;
  /** What earlier sessions left out. */
  readonly leftOutUntil: bigint;
}

export class Rereader {
  /** Before this position of the source the target may lack rows that it will not lack behind it. */
  leftOutUntil: bigint;
  readonly #options: RereaderOptions;

  constructor(options: RereaderOptions) {
    this.#options = options;
    this.leftOutUntil = options.leftOutUntil;
  }

  /**
   * The table's rows on the target are the source's: from the batch after its last chunk on, as tasks are done between
   * batches, and from behind what was left out.
   */
  isCopied(plan: TablePlan): boolean {
    const { tasks, positions } = this.#options;
    const { qualifiedName } = plan.target;
    return (
      positions.checkpoint >= this.leftOutUntil &&
      tasks.some((task) => task.done && task.plan.target.qualifiedName === qualifiedName)
    );
  }

  async *read(binding: RelationBinding, tuples: readonly TuplePlace[]): AsyncGenerator<readonly RereadRow[]> {
    const { source, arrived, stopping } = this.#options;
    let leftOut = false;
    // Changes that arrive during the reread are not part of it: the stream still brings them.
    for await (const rows of rereadRows(source, binding, tuples, arrived(), stopping)) {
      leftOut ||= rows.some(({ now }) => now === undefined);
      yield rows;
    }
    if (!leftOut || binding.plans.every((plan) => this.isCopied(plan))) return;
    const now = await source.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    this.leftOutUntil = parseLsn(now.rows[0]!.lsn);
  }
}
