/** Compares all rows of these tables. */
import type { TablePlan } from '../mapping/table-plan.ts';
import type { ReportBuilder } from './report-builder.ts';
import { chooseHash } from './row-hash.ts';
import { sidesOf } from './sides-of.ts';
import type { SnapshotSides } from './snapshot.ts';
import type { VerifyOptions, VerifySettings } from './verify-options.ts';
import { verifyTable } from './verify-table.ts';

export async function verifyFull(
  plans: readonly TablePlan[],
  sides: SnapshotSides,
  options: Pick<VerifyOptions, 'signal' | 'resume'>,
  settings: VerifySettings,
  builder: ReportBuilder,
): Promise<void> {
  const hash = await chooseHash(sides.source, sides.target);
  for (const plan of plans) {
    if (builder.isDone(plan)) continue;
    if (options.signal?.aborted) break;
    const current = options.resume?.current;
    const report = await verifyTable({
      table: sidesOf(plan, sides.target),
      sides,
      hash,
      rangeRows: settings.rangeRows,
      maxSuspects: settings.maxSuspects,
      signal: options.signal,
      resume: current?.report.to === plan.target.qualifiedName ? current : undefined,
      onRange: (table, after, found, lsn) => builder.addRange(table, after, found, lsn),
    });
    builder.finishTable(report);
  }
  if (options.signal?.aborted) builder.stop('The comparison was interrupted.');
}
