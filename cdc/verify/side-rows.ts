/**
 * The rows of one side as text, in a form that both sides share: columns c0, c1, … for the plan's columns. The source
 * goes through the mapping, the target is read as it is.
 */
import { quoteIdentifier } from '../catalog/quote.ts';
import { unpaddedText } from '../mapping/compile-columns.ts';
import { selectSourceRows } from '../mapping/source-projection.ts';
import type { TablePlan } from '../mapping/table-plan.ts';

export type DatabaseSide = 'source' | 'target';

/** Indexes of the key columns among the plan's columns. */
export function keyPlaces(plan: TablePlan): number[] {
  return plan.key.columns.map((name) => plan.columns.findIndex((column) => column.name === name));
}

/** SELECT of c0 … cn and of the `extra` columns; the condition may use what keyReference names. */
export function selectSideRows(plan: TablePlan, side: DatabaseSide, where = 'true', extra = ''): string {
  const columns = plan.columns.map((_, place) => `${textOf(plan, side, place)} AS c${place}`).join(', ');
  if (side === 'target') return `SELECT ${columns}${extra} FROM ${plan.target.sql} t WHERE ${where}`;
  const rows = selectSourceRows(plan, extra === '' ? [] : ['t.xmin::text AS ficus_version']);
  return `SELECT ${columns}${extra} FROM (${rows}) AS s WHERE ${plan.rows?.condition ?? 'true'} AND ${where}`;
}

/** A key column of one side: the column itself where there is one, so that its index is used. */
export function keyReference(plan: TablePlan, side: DatabaseSide, place: number): string {
  const column = plan.columns[place];
  if (!column) throw new Error(`no column ${place}`);
  if (side === 'target') return `t.${quoteIdentifier(column.name)}`;
  return column.sameAs === undefined ? column.expression : `s.${quoteIdentifier(column.sameAs)}`;
}

/** The text of a column of one side, with an order and equality that no collation changes. */
export function textOf(plan: TablePlan, side: DatabaseSide, place: number): string {
  const column = plan.columns[place];
  if (!column) throw new Error(`no column ${place}`);
  const stored = `t.${quoteIdentifier(column.name)}`;
  if (side === 'target')
    return `${column.castType === 'bpchar[]' ? unpaddedText(stored) : `${stored}::text`} COLLATE "C"`;
  return `(${column.expectedText}) COLLATE "C"`;
}
