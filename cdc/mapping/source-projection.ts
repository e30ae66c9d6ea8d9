/**
 * SELECTs that produce the row alias `s` of a plan and the columns computed from it. Used by checkExpressions and
 * verify.
 */
import { quoteIdentifier } from '../catalog/quote.ts';
import type { InputColumn, TablePlan } from './table-plan.ts';

/** `SELECT t."id"::bigint AS "id", … FROM "public"."orders" t`: the rows of the source as expressions see them. */
export function selectSourceRows(plan: TablePlan, extra: readonly string[] = []): string {
  const columns = plan.source.readColumns.map((column) => {
    const name = quoteIdentifier(column.name);
    return `t.${name}::${column.type} AS ${name}`;
  });
  return `SELECT ${[...columns, ...extra].join(', ')} FROM ${plan.source.sql} t`;
}

/** One row of `s` without any table, to let PostgreSQL check an expression. */
export function selectNullRow(columns: readonly InputColumn[]): string {
  if (columns.length === 0) return 'SELECT';
  return `SELECT ${columns.map((column) => `NULL::${column.type} AS ${quoteIdentifier(column.name)}`).join(', ')}`;
}
