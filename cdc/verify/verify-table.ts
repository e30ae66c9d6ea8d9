/** Compares one table: range by range, or in one piece where its key cannot be split the same way on both sides. */
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import { compareRange, type RangeComparison } from './compare-range.ts';
import { isRangeable, type KeyRange, nextRange } from './key-range.ts';
import type { HashMethod } from './row-hash.ts';
import { type Settled, settleSuspects } from './settle-suspects.ts';
import type { TableSides } from './side-reader.ts';
import { refuseRewritten, type SnapshotSides, withSnapshots } from './snapshot.ts';
import type { Difference, TableReport } from './verify-report.ts';

interface TableRun {
  readonly table: TableSides;
  readonly sides: SnapshotSides;
  readonly hash: HashMethod;
  readonly rangeRows: number;
  /** Differing rows after which the comparison of a table stops. */
  readonly maxSuspects: number;
  readonly signal: AbortSignal | undefined;
  /** Where to continue. */
  readonly resume: { readonly report: TableReport; readonly after: readonly string[] } | undefined;
  /** Called after each range with the counts so far. */
  onRange(
    report: TableReport,
    after: readonly string[] | undefined,
    found: readonly Difference[],
    lsn: string,
  ): void;
}

export function emptyReport(plan: TablePlan): TableReport {
  return {
    from: plan.source.qualifiedName,
    to: plan.target.qualifiedName,
    rowsSource: 0,
    rowsTarget: 0,
    equal: 0,
    missing: 0,
    extra: 0,
    different: 0,
    lag: 0,
    unsettled: 0,
    complete: false,
  };
}

/** Compares the whole table; an interrupted or hopeless run returns `complete: false`. */
export async function verifyTable(run: TableRun): Promise<TableReport> {
  const { table, sides } = run;
  const { plan } = table;
  await refuseRewritten(sides, plan);
  const rangeable = isRangeable(plan);
  const buckets = rangeable ? 256 : await bucketsFor(plan, sides.target);
  let report = run.resume?.report ?? emptyReport(plan);
  let suspectsLeft = run.maxSuspects;
  let after = rangeable ? run.resume?.after : undefined;
  for (;;) {
    if (run.signal?.aborted) return report;
    const range: KeyRange = rangeable
      ? await nextRange(plan, sides.source, sides.target, after, run.rangeRows)
      : { after: undefined, upTo: undefined };
    const { result, lsn } = await withSnapshots(sides, (source, target) =>
      compareRange(table, range, { source, target }, { buckets, hash: run.hash, maxSuspects: suspectsLeft }),
    );
    const settled = await settleSuspects(table, result.suspects, sides);
    suspectsLeft -= settled.differences.length;
    after = range.upTo;
    const last = range.upTo === undefined;
    report = addRange(report, result, settled, last && !result.gaveUp);
    run.onRange(report, after, settled.differences, lsn);
    if (last || result.gaveUp || suspectsLeft <= 0) return report;
  }
}

/** Adds the counts of a settled range to those of its table. */
export function addRange(
  report: TableReport,
  range: Pick<RangeComparison, 'rowsSource' | 'rowsTarget'>,
  settled: Settled,
  complete: boolean,
): TableReport {
  const count = (kind: Difference['kind']) =>
    settled.differences.reduce((sum, entry) => (entry.kind === kind ? sum + entry.rows : sum), 0);
  const [missing, extra, different] = [count('missing'), count('extra'), count('different')];
  // Source rows that are neither missing, different nor unsettled are equal.
  const equal = Math.max(0, range.rowsSource - missing - different - settled.unsettled);
  return {
    ...report,
    rowsSource: report.rowsSource + range.rowsSource,
    rowsTarget: report.rowsTarget + range.rowsTarget,
    equal: report.equal + equal,
    missing: report.missing + missing,
    extra: report.extra + extra,
    different: report.different + different,
    lag: report.lag + settled.equal,
    unsettled: report.unsettled + settled.unsettled,
    complete,
  };
}

/** About a hundred rows per bucket, so that opening one is cheap; a power of two. */
async function bucketsFor(plan: TablePlan, target: pg.ClientBase): Promise<number> {
  const { rows } = await target.query<{ rows: number }>(
    'SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = $1',
    [plan.target.oid],
  );
  const wanted = Math.max(256, (rows[0]?.rows ?? 0) / 100);
  return 2 ** Math.min(16, Math.ceil(Math.log2(wanted)));
}
