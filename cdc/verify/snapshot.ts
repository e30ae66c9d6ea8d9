/**
 * A consistent view of both databases. At one position (fix-position) both snapshots last for the whole run, and every
 * difference is a fault. Where no such position is available, each range takes a snapshot of the source and, once the
 * stream has applied everything up to its position, one of the target, which may be ahead; differences for that reason
 * are settled afterwards.
 */
import type pg from 'pg';
import { lockAndFindRewritten } from '../catalog/lock-table.ts';
import type { TablePlan } from '../mapping/table-plan.ts';

/** Waits until everything committed on the source before `lsn` is on the target; false after the timeout. */
export type WaitForApplied = (lsn: string, timeoutMs: number) => Promise<boolean>;

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** The run cannot tell whether the sides differ. */
export class Inconclusive extends Error {}

/** The stream did not pass a position of the source in time. */
class StreamBehind extends Inconclusive {
  readonly lsn: string;

  constructor(lsn: string, timeoutMs: number) {
    super(`the stream has not applied position ${lsn} within ${timeoutMs} ms`);
    this.lsn = lsn;
  }
}

export interface SnapshotSides {
  readonly source: pg.ClientBase;
  readonly target: pg.ClientBase;
  /** Each client is in a transaction that shows its database at exactly this position, for the whole run. */
  readonly fixedAt?: string | undefined;
  /** Nothing writes on either side, and the target has all that the source had up to here: no transaction is needed. */
  readonly stillAt?: string | undefined;
  readonly waitForApplied: WaitForApplied | undefined;
  readonly waitTimeoutMs: number;
}

/**
 * Everything committed before the returned position is visible to the transaction; anything invisible is at or after
 * it.
 */
export async function beginSource(client: pg.ClientBase): Promise<string> {
  await client.query(BEGIN);
  const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  return rows[0]?.lsn ?? '0/0';
}

export async function waitPast(sides: SnapshotSides, lsn: string): Promise<void> {
  if (!sides.waitForApplied) return;
  if (!(await sides.waitForApplied(lsn, sides.waitTimeoutMs)))
    throw new StreamBehind(lsn, sides.waitTimeoutMs);
}

/**
 * At one position the snapshots are older than the first read of a table, which may then look empty. The tables are not
 * locked before the snapshots: the stream, paused while they are taken, may have a TRUNCATE to apply.
 * @throws Inconclusive when the table was rewritten in between, on either side
 */
export async function refuseRewritten(sides: SnapshotSides, { source, target }: TablePlan): Promise<void> {
  if (sides.fixedAt === undefined) return;
  const rewritten = [
    ...((await lockAndFindRewritten(sides.source, source)) ? [`${source.qualifiedName} of the source`] : []),
    ...((await lockAndFindRewritten(sides.target, target)) ? [`${target.qualifiedName} of the target`] : []),
  ];
  if (rewritten.length > 0)
    throw new Inconclusive(`${rewritten.join(' and ')} was rewritten (ALTER TABLE, TRUNCATE) meanwhile`);
}

/** Runs `work` between the begin and end of both snapshots. */
export async function withSnapshots<T>(
  sides: SnapshotSides,
  work: (source: pg.ClientBase, target: Promise<pg.ClientBase>) => Promise<T>,
): Promise<{ result: T; lsn: string }> {
  const lasting = sides.fixedAt ?? sides.stillAt;
  if (lasting !== undefined)
    return { result: await work(sides.source, Promise.resolve(sides.target)), lsn: lasting };
  const lsn = await beginSource(sides.source);
  const target = waitPast(sides, lsn).then(async () => {
    await sides.target.query(BEGIN);
    return sides.target;
  });
  try {
    const result = await work(sides.source, target);
    return { result, lsn };
  } finally {
    // Both must have ended before the next read; `work` reports errors of the wait.
    await target.catch(() => undefined);
    await sides.source.query('ROLLBACK');
    await sides.target.query('ROLLBACK');
  }
}
