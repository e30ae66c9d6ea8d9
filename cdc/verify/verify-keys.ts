/** Comparison of chosen rows: given keys, or keys sampled from both sides. */
import type { TablePlan } from '../mapping/table-plan.ts';
import type { ReportBuilder } from './report-builder.ts';
import { settleSuspects } from './settle-suspects.ts';
import type { KeyTexts, TableSides } from './side-reader.ts';
import { sidesOf } from './sides-of.ts';
import { beginSource, refuseRewritten, type SnapshotSides } from './snapshot.ts';
import type { VerifyMode } from './verify-options.ts';
import { addRange, emptyReport } from './verify-table.ts';

export async function verifyKeys(
  plans: readonly TablePlan[],
  sides: SnapshotSides,
  mode: Exclude<VerifyMode, string>,
  builder: ReportBuilder,
): Promise<void> {
  for (const plan of plans) {
    const table = sidesOf(plan, sides.target);
    const keys =
      'sample' in mode
        ? await drawKeys(table, sides, Math.ceil(mode.sample / plans.length))
        : (mode.keys[plan.target.qualifiedName] ?? []).map((key) =>
            plan.key.columns.map((name) => key[name] ?? null),
          );
    await verifyChosen(table, keys, sides, builder);
  }
}

/** Compares the rows of a table that have these keys. */
export async function verifyChosen(
  table: TableSides,
  keys: readonly KeyTexts[],
  sides: SnapshotSides,
  builder: ReportBuilder,
): Promise<void> {
  const { plan } = table;
  await refuseRewritten(sides, plan);
  const lsn = sides.fixedAt ?? sides.stillAt ?? (await currentPosition(sides));
  // Every key is a suspect until it has been compared.
  const settled = await settleSuspects(table, keys, sides);
  const counted = { rowsSource: settled.rows.source, rowsTarget: settled.rows.target };
  const report = { ...addRange(emptyReport(plan), counted, settled, true), lag: 0 };
  builder.addRange(report, undefined, settled.differences, lsn);
  builder.finishTable(report);
}

async function currentPosition(sides: SnapshotSides): Promise<string> {
  const lsn = await beginSource(sides.source);
  await sides.source.query('ROLLBACK');
  return lsn;
}

/** Keys of both sides without duplicates, so that rows on only one side are sampled too. */
async function drawKeys(table: TableSides, sides: SnapshotSides, count: number): Promise<KeyTexts[]> {
  const drawn = await Promise.all([
    table.source.draw(sides.source, count),
    table.target.draw(sides.target, count),
  ]);
  return [...new Map(drawn.flat().map((key) => [JSON.stringify(key), key])).values()];
}
