/**
 * Which rows the target must have, or must not have, while a batch is applied: what is found otherwise is recorded as a
 * conflict. The rules, and what is exempt from them, stand in target-check.ts.
 */
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { PlanStatements } from './plan-statements.ts';
import { findAny, probeRows } from './probe-rows.ts';
import type { OnCount } from './row-statement.ts';
import type { Conflict, TargetCheck } from './target-check.ts';

/** Returns the callback for a statement's row count: a missing row is a conflict. @param tuples as a function where they are gathered only for a conflict */
export function expectAll(
  statements: PlanStatements,
  tuples: readonly TuplePlace[] | (() => readonly TuplePlace[]),
  check: TargetCheck,
): OnCount {
  check.decisive = true;
  const all = typeof tuples === 'function' ? tuples : () => tuples;
  return (found, expected) => {
    if (found < expected) check.conflicts.push(conflictOf('missing', statements, all));
  };
}

/** Asks the target. */
export function expectNone(
  statements: PlanStatements,
  tuples: readonly TuplePlace[],
  check: TargetCheck,
): void {
  if (tuples.length === 0) return;
  check.decisive = true;
  findAny(statements, tuples, () =>
    check.conflicts.push(conflictOf('already there', statements, () => tuples)),
  );
}

function conflictOf(
  kind: Conflict['kind'],
  statements: PlanStatements,
  tuples: () => readonly TuplePlace[],
): Conflict {
  return {
    kind,
    plan: statements.plan,
    keys: async () => {
      const rows = await probeRows(statements, tuples(), kind === 'missing' ? 'missing' : 'there');
      return rows.map((row) => row.key);
    },
  };
}
