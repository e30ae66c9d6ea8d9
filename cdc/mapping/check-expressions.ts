/**
 * Lets PostgreSQL check the expressions of compiled plans without running them: on the target each column's expression
 * as it will be assigned, on the source the text that verify compares. Column by column, so that each problem has its
 * path. PREPARE checks names and types and needs no privilege on the tables.
 */
import type pg from 'pg';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { MappingProblem } from './mapping-problem.ts';
import { selectNullRow } from './source-projection.ts';
import type { TablePlan, TargetColumn } from './table-plan.ts';

/** All problems with the expressions of the plans. */
export async function checkExpressions(
  plans: readonly TablePlan[],
  source: pg.ClientBase,
  target: pg.ClientBase,
): Promise<MappingProblem[]> {
  const problems: MappingProblem[] = [];
  for (const plan of plans) {
    for (const column of plan.columns) {
      const problem = await checkColumn(plan, column, source, target);
      if (problem) problems.push({ ...problem, path: [...plan.path, 'columns', column.name] });
    }
    const problem = await checkRows(plan, source, target);
    if (problem) problems.push({ ...problem, path: [...plan.path, 'rows'] });
  }
  return problems;
}

type ExpressionProblem = Pick<MappingProblem, 'message' | 'code'> | undefined;

async function checkColumn(
  plan: TablePlan,
  column: TargetColumn,
  source: pg.ClientBase,
  target: pg.ClientBase,
): Promise<ExpressionProblem> {
  const row = selectNullRow(plan.input.filter((input) => column.inputs.includes(input.name)));
  const overriding = column.updatable ? '' : ' OVERRIDING SYSTEM VALUE';
  const insert = `INSERT INTO ${plan.target.sql} (${quoteIdentifier(column.name)})${overriding} SELECT ${column.expression} FROM (${row}) AS s`;
  const onTarget = await findObjection(target, insert);
  if (onTarget !== undefined) return problem(`does not become ${column.type} on the target: ${onTarget}`);
  if (plan.module) return undefined;
  const onSource = await findObjection(source, `SELECT ${column.expectedText} FROM (${row}) AS s`);
  if (onSource !== undefined) return problem(`cannot be computed on the source for verify: ${onSource}`);
  return undefined;
}

async function checkRows(
  plan: TablePlan,
  source: pg.ClientBase,
  target: pg.ClientBase,
): Promise<ExpressionProblem> {
  if (!plan.rows) return undefined;
  const inputs = plan.source.readColumns.filter((input) => plan.rows?.inputs.includes(input.name));
  const select = `SELECT 1 FROM (${selectNullRow(inputs)}) AS s WHERE ${plan.rows.condition}`;
  for (const [client, where] of [
    [target, 'target'],
    [source, 'source'],
  ] as const) {
    const objection = await findObjection(client, select);
    if (objection !== undefined) return problem(`is no condition on the ${where}: ${objection}`);
  }
  return undefined;
}

function problem(message: string): ExpressionProblem {
  return { message, code: 'FICUS_CDC_MAPPING_INVALID' };
}

/** PostgreSQL's objection to the statement; undefined when there is none. */
export async function findObjection(client: pg.ClientBase, statement: string): Promise<string | undefined> {
  // Needs DEALLOCATE: ROLLBACK does not undo PREPARE.
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`PREPARE ficus_check_expression AS ${statement}`);
    await client.query('DEALLOCATE ficus_check_expression');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.query('ROLLBACK');
  }
}
