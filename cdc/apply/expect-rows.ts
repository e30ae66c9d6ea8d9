/**
 * Which rows the target must have, or must not have, while a batch is applied: what is found otherwise is recorded as a
 * conflict. The rules, and what is exempt from them, stand in target-check.ts.
 */
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { PlanStatements } from './plan-statements.ts';
import { findAny, probeRows } from './probe-rows.ts';
import type { OnCount } from './row-statement.ts';
import type { TargetCheck } from './target-check.ts';

/** Rows that a message names. */
const SHOWN = 3;

/** Returns the callback for a statement's row count: a missing row is a conflict. @param tuples gathered only for a conflict */
export function expectAll(
  statements: PlanStatements,
  tuples: () => readonly TuplePlace[],
  check: TargetCheck,
): OnCount {
  check.decisive = true;
  return (found, expected) => {
    if (found >= expected) return;
    check.conflicts.push({
      kind: 'missing',
      plan: statements.plan,
      keys: async () => (await probeRows(statements, tuples(), 'missing')).map(({ key }) => key),
      isExplained: async () => false,
    });
  };
}

/** Asks the target. @param kept rows of the batch that the target has afterwards: they may have the same keys there */
export function expectNone(
  statements: PlanStatements,
  tuples: readonly TuplePlace[],
  check: TargetCheck,
  kept: () => readonly TuplePlace[],
): void {
  if (tuples.length === 0) return;
  check.decisive = true;
  const keys = async () => {
    const there = await probeRows(statements, tuples, 'all there');
    const own = new Set((await probeRows(statements, kept(), 'all')).map(({ identity }) => identity));
    return there.filter(({ identity }) => !own.has(identity)).map(({ key }) => key);
  };
  findAny(statements, tuples, (isThere) => {
    if (!isThere) return;
    check.conflicts.push({
      kind: 'already there',
      plan: statements.plan,
      keys: async () => (await keys()).slice(0, SHOWN),
      isExplained: async () => (await keys()).length === 0,
    });
  });
}
