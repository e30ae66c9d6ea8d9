/** Checks which rows the target has, without writing: for the rules of TargetCheck, and for messages. */
import { showKey } from '@ficus/core';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { PlanStatements, ProbeKind } from './plan-statements.ts';
import type { OnCount } from './row-statement.ts';

/** A source row, identified as on the target. */
interface ProbedRow {
  /** `id=5`, for messages. */
  readonly key: string;
  /** Differs whenever the keys do. */
  readonly identity: string;
  readonly found: boolean;
}

interface Answer {
  readonly key: readonly string[];
  readonly found: boolean;
}

/** The rows' target keys, and which of them exist. */
export async function probeRows(
  statements: PlanStatements,
  tuples: readonly TuplePlace[],
  kind: ProbeKind,
): Promise<ProbedRow[]> {
  let probed: ProbedRow[] = [];
  sendProbe(statements, tuples, kind, (rows) => {
    probed = rows.map(({ key, found }) => ({
      key: describeKey(statements.plan, key),
      identity: JSON.stringify(key),
      found,
    }));
  });
  await statements.session.settle();
  return probed;
}

/** Calls back with how many of the rows the target has. */
export function countThere(
  statements: PlanStatements,
  tuples: readonly TuplePlace[],
  onCount: (found: number) => void,
): void {
  sendProbe(statements, tuples, 'all', (rows) => onCount(rows.filter(({ found }) => found).length));
}

/** Calls back with fewer than all if the target lacks any of the rows. */
export function countRows(statements: PlanStatements, tuples: readonly TuplePlace[], onCount: OnCount): void {
  sendProbe(statements, tuples, 'missing', (rows) => onCount(tuples.length - rows.length, tuples.length));
}

/** Calls back with whether the target has any of the rows. */
export function findAny(
  statements: PlanStatements,
  tuples: readonly TuplePlace[],
  onAnswer: (isThere: boolean) => void,
): void {
  sendProbe(statements, tuples, 'there', (rows) => onAnswer(rows.length > 0));
}

function sendProbe(
  statements: PlanStatements,
  tuples: readonly TuplePlace[],
  kind: ProbeKind,
  onRows: (rows: readonly Answer[]) => void,
): void {
  if (tuples.length === 0) return;
  const probes = statements.probes(kind);
  for (const tuple of tuples) probes.addKey(tuple);
  probes.ask<Answer>(onRows);
}

function describeKey(plan: TablePlan, values: readonly string[]): string {
  // The key would be all of its values, which do not belong in messages.
  if (plan.key.kind === 'whole-row') return 'a row without a key';
  const names = plan.columns.filter((column) => plan.key.columns.includes(column.name));
  return showKey(names.map((column, place) => [column.name, values[place] ?? null]));
}
