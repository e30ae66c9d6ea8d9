/**
 * Compares the rows that have changed since the last full comparison, as the stream recorded them. Compares all rows of
 * a table when it has too many changes to list, or when its target keys cannot be computed from the recorded columns.
 */
import type pg from 'pg';
import { inputRows } from '../apply/input-sql.ts';
import { keyInputs } from '../apply/statement-parts.ts';
import type { ChangedRow } from '../batch/change-ledger.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { RecordedChanges } from '../replication.ts';
import type { ReportBuilder } from './report-builder.ts';
import type { KeyTexts } from './side-reader.ts';
import { keyPlaces } from './side-rows.ts';
import { sidesOf } from './sides-of.ts';
import type { SnapshotSides } from './snapshot.ts';
import { verifyChosen } from './verify-keys.ts';

/** @param verifyWhole compares all rows of a table */
export async function verifyChanged(
  plans: readonly TablePlan[],
  sides: SnapshotSides,
  recorded: RecordedChanges | undefined,
  since: 'full' | 'equal',
  builder: ReportBuilder,
  verifyWhole: (plan: TablePlan) => Promise<void>,
): Promise<void> {
  const changes = plans.map((plan) => ({ plan, rows: recorded?.changed(plan.source.qualifiedName, since) }));
  if (changes.some(({ rows }) => rows === undefined)) {
    builder.stopUnknown();
    return;
  }
  if (changes.every(({ rows }) => rows?.length === 0)) {
    builder.stopUnchanged();
    return;
  }
  for (const { plan, rows } of changes) {
    const keys =
      rows === undefined || rows === 'all' ? undefined : await targetKeys(plan, rows, sides.source);
    if (keys) await verifyChosen(sidesOf(plan, sides.target), keys, sides, builder);
    else await verifyWhole(plan);
  }
}

/** Keys in the target's spelling; undefined when they cannot be computed. */
async function targetKeys(
  plan: TablePlan,
  rows: readonly ChangedRow[],
  source: pg.ClientBase,
): Promise<KeyTexts[] | undefined> {
  if (rows.length === 0) return [];
  if (plan.module || plan.key.kind === 'whole-row') return undefined;
  const inputs = keyInputs(plan);
  if (inputs.some(({ name }) => !rows.every((row) => name in row))) return undefined;
  const keys = keyPlaces(plan).map((place) => `(${plan.columns[place]?.expectedText})`);
  const answer = await source.query<(string | null)[]>({
    text: `SELECT DISTINCT ${keys.join(', ')} FROM ${inputRows(inputs)}`,
    values: inputs.map(({ name }) => rows.map((row) => row[name] ?? null)),
    rowMode: 'array',
  });
  return answer.rows;
}
