/** Which triggers and rules of the target may leave out what a session writes. */
import type { Intercept } from '../catalog/database-catalog.ts';
import type { TablePlan } from './table-plan.ts';

type Operation = Intercept['on'][number];

/** What acts on these rows in a session of this role, and may leave them out. @param replicaRole of the session */
export function findIntercepts(
  { target }: TablePlan,
  operation: Operation,
  replicaRole: boolean,
): readonly string[] {
  return target.intercepts
    .filter(({ on, fires }) => on.includes(operation) && acts(fires, replicaRole))
    .map(({ name }) => name);
}

export function acts(fires: Intercept['fires'], replicaRole: boolean): boolean {
  return fires === 'always' || fires === (replicaRole ? 'replica' : 'origin');
}

/** As `findIntercepts`, but nothing where the mapping allows it. */
export function findForbidden(
  plan: TablePlan,
  operation: Operation,
  replicaRole: boolean,
): readonly string[] {
  return plan.target.mayLeaveOut ? [] : findIntercepts(plan, operation, replicaRole);
}

/** Whether a rule takes the place of the statement for all rows. */
export function isReplaced({ target }: TablePlan, operation: Operation, replicaRole: boolean): boolean {
  return target.intercepts.some(
    ({ on, fires, replaces }) => replaces && on.includes(operation) && acts(fires, replicaRole),
  );
}
