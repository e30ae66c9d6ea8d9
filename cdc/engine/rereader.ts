/**
 * Reads whole rows from the source, and remembers a position when some were missing. A row that the source moved or
 * deleted before the reread is not on the target until the stream reaches that change. If its table's first copy ends
 * meanwhile, an UPDATE of the row would look like a conflict; so conflicts are checked only after that position, in
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

interface RereaderOptions {
  readonly source: pg.Pool;
  /** Checks whether a snapshot shows everything that the stream has delivered so far. */
  readonly arrived: () => (snapshot: string) => boolean;
  readonly stopping: () => boolean;
  readonly tasks: readonly CopyTask[];
  readonly positions: Positions;
  /** Position that earlier sessions recorded. */
  readonly leftOutUntil: bigint;
}

export class Rereader {
  /** Before this source position the target may lack rows that a reread did not find. */
  leftOutUntil: bigint;
  readonly #options: RereaderOptions;

  constructor(options: RereaderOptions) {
    this.#options = options;
    this.leftOutUntil = options.leftOutUntil;
  }

  /**
   * Whether the table's rows on the target must equal the source's: true after the batch of its last chunk (tasks
   * finish between batches) and behind the position of missing rows.
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
    // Changes that arrive during the reread do not count: the stream still delivers them.
    for await (const rows of rereadRows(source, binding, tuples, arrived(), stopping)) {
      leftOut ||= rows.some(({ now }) => now === undefined);
      yield rows;
    }
    if (!leftOut || binding.plans.every((plan) => this.isCopied(plan))) return;
    const now = await source.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    this.leftOutUntil = parseLsn(now.rows[0]!.lsn);
  }
}
