/**
 * DDL is not in the change stream. What was done to a table is seen by comparing its columns with those it had when its
 * rows were last known to be right; a change that would make the target differ without a word stops the stream.
 */
import type { TableConfig } from '@ficus/core';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { TablePlan } from '../mapping/table-plan.ts';

/** Columns as describeColumn writes them. Undefined: the stream can go on; else one sentence that says what to do. */
export function evaluateColumns(
  plan: TablePlan,
  config: TableConfig | undefined,
  before: readonly string[],
  now: readonly string[],
): string | undefined {
  const types = new Map(before.map(splitColumn));
  const table = plan.source.qualifiedName;
  const read = new Set(plan.source.readColumns.map((column) => column.name));
  const allColumns = config?.columns === undefined && config?.module === undefined;
  for (const [name, type] of now.map(splitColumn)) {
    const known = types.get(name);
    types.delete(name);
    if (known === type) continue;
    if (known !== undefined && read.has(name) && !isWidening(known, type))
      return `Column “${name}” of ${table} was ${known} and is ${type} now; rows rewritten by that are not in the stream.`;
    if (known === undefined && allColumns && !read.has(name))
      return `Column “${name}” was added to ${table}, and ${plan.target.qualifiedName} lacks it: ALTER TABLE ${plan.target.sql} ADD COLUMN ${quoteIdentifier(name)} ${type};`;
  }
  const gone = [...types.keys()].find((name) => plan.columns.some((column) => column.name === name));
  if (gone !== undefined && allColumns)
    return `Column “${gone}” was dropped from ${table}; drop it from ${plan.target.qualifiedName} too, or name the columns in the mapping.`;
  return undefined;
}

/** A column as the target remembers it. */
export function describeColumn(column: { readonly name: string; readonly type: string }): string {
  return JSON.stringify([column.name, column.type]);
}

function splitColumn(column: string): [string, string] {
  return JSON.parse(column) as [string, string];
}

/** The same type with another length: no value changes. */
function isWidening(before: string, now: string): boolean {
  const base = (type: string) => type.replace(/\(.*\)/, '');
  return base(before) === base(now);
}
