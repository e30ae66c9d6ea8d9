/**
 * The way back of a column that goes over as it is. Where the candidate's type is the wider one, PostgreSQL would round what
 * the service has written since, or cut it off, without a word: here a value that does not fit is an error.
 */
import type { ColumnSource } from '@ficus/core';
import type { ColumnCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import { asInput } from './source-columns.ts';
import { judgeTypeChange } from './type-change.ts';

/** @param from of the candidate @param to of the legacy, which it was filled from */
export function restoreColumn(from: ColumnCatalog, to: ColumnCatalog): ColumnSource {
  const change = judgeTypeChange(from, to);
  if (change !== 'narrowing' && change !== 'bounded') return from.name;
  const value = quoteIdentifier(from.name);
  // Types of the databases' own refuse what they do not know.
  if (!to.builtin) return { sql: value, from: [from.name] };
  const { type } = asInput(from);
  const message = `“${from.name}” does not fit into ${to.type}`;
  // PostgreSQL has no expression that fails; the part that depends on the row keeps it from failing before there is one.
  const failure = `CAST(${quoteLiteral(message)} || left(CAST(${value} AS text), 0) AS integer)`;
  const restored = `CAST(CAST(${value} AS ${to.baseTypeWithModifier}) AS ${type})`;
  return {
    sql: `CASE WHEN ${restored} IS NOT DISTINCT FROM ${value} THEN ${value} ELSE CAST(CAST(${failure} AS text) AS ${type}) END`,
    from: [from.name],
  };
}
