/**
 * Asks the source for whole rows, and remembers when it left some out. A row that moved or went there before it was
 * asked for is not on the target until the stream is as far. Where its table's first copy ends meanwhile, an UPDATE of it
 * would look like a conflict; so conflicts are judged from behind that position only.
 */
import { parseLsn } from '@ficus/core';
import type pg from 'pg';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { rereadRows } from '../source/reread-rows.ts';

export class Rereader {
  /** Before this position of the source the target may lack rows that it will not lack behind it. */
  leftOutUntil = 0n;
  private readonly source: pg.Pool;
  private readonly seesAll: (snapshot: string) => boolean;
  private readonly isCopied: (plan: TablePlan) => boolean;

  constructor(
    source: pg.Pool,
    seesAll: (snapshot: string) => boolean,
    isCopied: (plan: TablePlan) => boolean,
  ) {
    this.source = source;
    this.seesAll = seesAll;
    this.isCopied = isCopied;
  }

  async read(binding: RelationBinding, tuples: readonly TuplePlace[]): Promise<readonly Buffer[]> {
    const rows = await rereadRows(this.source, binding, tuples, this.seesAll);
    if (rows.length < tuples.length && !binding.plans.every(this.isCopied)) {
      const now = await this.source.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
      this.leftOutUntil = parseLsn(now.rows[0]!.lsn);
    }
    return rows;
  }
}
