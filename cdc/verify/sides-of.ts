/** Chooses the readers of both sides of a table: SQL or a module. */
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import { ModuleSide } from './module-side.ts';
import type { TableSides } from './side-reader.ts';
import { SqlSide } from './sql-side.ts';

/** What reads each side of a plan. @param target its server converts a module's rows */
export function sidesOf(plan: TablePlan, target: pg.ClientBase): TableSides {
  const source = plan.module ? new ModuleSide(plan, plan.module, target) : new SqlSide(plan, 'source');
  return { plan, source, target: new SqlSide(plan, 'target') };
}
