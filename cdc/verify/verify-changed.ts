/**
 * Compares the rows that have changed since the last full comparison, as the stream recorded them. Compares all rows of
 * a table when it has too many changes to list, or when its target keys cannot be computed from the recorded columns.
 */
import type pg from 'pg';
import { inputRows } from '../apply/input-sql.ts';
import { keyInputs } from '../apply/statement-parts.ts';
import type { ChangedRow } from '../batch/change-ledger.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { ReportBuilder } from './report-builder.ts';
import type { KeyTexts } from './side-reader.ts';
import { keyPlaces } from './side-rows.ts';
import { sidesOf } from './sides-of.ts';
import type { SnapshotSides } from './snapshot.ts';
import { verifyChosen } from './verify-keys.ts';
import type { RecordingStream } from './verify-options.ts';

/** @param verifyWhole compares all rows of a table */
export async function verifyChanged(
  plans: readonly TablePlan[],
  sides: SnapshotSides,
  stream: RecordingStream | undefined,
  builder: ReportBuilder,
  verifyWhole: (plan: TablePlan) => Promise<void>,
): Promise<void> {
  const changes = plans.map((plan) => ({ plan, rows: stream?.changedRows(plan.source.qualifiedName) }));
  if (changes.some(({ rows }) => rows === undefined)) {
    builder.stop(
      'Changed rows are unknown: no full comparison has run since the stream started in this process.',
    );
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
  if (plan.module || plan.key.kind === 'whole-row') return undefined;
  if (rows.length === 0) return [];
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
