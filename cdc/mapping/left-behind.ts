/**
 * Without `columns`, all columns go over under their own names; with `columns` and `omit`, one of the two names each. Those
 * that stay behind all the same are found here: left out in silence, they would be missing on the target, and verify, which
 * compares what the mapping produces, would not see it.
 */
import type { TableConfig } from '@ficus/core';
import {
  type ColumnCatalog,
  type DatabaseCatalog,
  findColumn,
  type TableCatalog,
} from '../catalog/database-catalog.ts';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { MappingProblem } from './mapping-problem.ts';
import type { TablePlan } from './table-plan.ts';

export interface LeftBehind extends MappingProblem {
  readonly plan: TablePlan;
  /** Nothing is lost: the stream may run. */
  readonly harmless: boolean;
}

/** Whether no column may stay behind that is not under `omit`. */
export function takesAllColumns({ columns, omit, module }: TableConfig): boolean {
  return module === undefined && (columns === undefined || omit !== undefined);
}

/**
 * @param plans compiled from the same tables; what one part of a split table lacks, another may take
 * @param begun target tables (`schema.table`) that have copied rows: a column added to them would be empty in these
 */
export function findLeftBehind(
  tables: readonly TableConfig[],
  plans: readonly TablePlan[],
  catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog },
  begun: ReadonlySet<string>,
): LeftBehind[] {
  return plans.flatMap((plan) => {
    const config = tables[plan.index];
    const source = catalogs.source.tables.get(plan.source.qualifiedName);
    const target = catalogs.target.tables.get(plan.target.qualifiedName);
    if (!config || !takesAllColumns(config) || !source || !target) return [];
    const read = takenByParts(plan, plans);
    const omitted = new Set(config.omit);
    const hasBegun = begun.has(plan.target.qualifiedName);
    return [
      ...findUnknown(plan, omitted, source, hasBegun),
      ...source.columns
        .filter(({ name }) => !read.has(name) && !omitted.has(name))
        .flatMap((column) => judge(plan, config, column, target, hasBegun) ?? []),
    ];
  });
}

/** Source columns that this part of a table, or another one, carries over. */
export function takenByParts(plan: TablePlan, plans: readonly TablePlan[]): ReadonlySet<string> {
  const parts = plans.filter((part) => part.source.oid === plan.source.oid);
  return new Set(parts.flatMap((part) => part.columns.flatMap(({ inputs }) => inputs)));
}

/**
 * Names under `omit` that are no columns. Before the copy that is a slip, with which a column that was meant to stay behind
 * goes over. Afterwards the monolith may have dropped the column, or be about to add it: neither is a reason to stop.
 */
function findUnknown(
  plan: TablePlan,
  omitted: ReadonlySet<string>,
  source: TableCatalog,
  begun: boolean,
): LeftBehind[] {
  return [...omitted].flatMap((name, at) =>
    findColumn(source, name)
      ? []
      : {
          plan,
          path: [...plan.path, 'omit', at],
          message: `there is no column “${name}” in the source table “${source.qualifiedName}”${begun ? ': take it out, unless it is yet to come' : ''}`,
          code: 'FICUS_CDC_TABLE_MISSING' as const,
          harmless: begun,
        },
  );
}

function judge(
  plan: TablePlan,
  { columns }: TableConfig,
  column: ColumnCatalog,
  to: TableCatalog,
  begun: boolean,
): LeftBehind | undefined {
  const { name, generated } = column;
  const counterpart = findColumn(to, name);
  if (generated && counterpart?.generatedSql === column.generatedSql) return undefined;
  const given = { plan, path: [...plan.path, 'columns', name], code: 'FICUS_CDC_MAPPING_INVALID' as const };
  const what = `column “${name}” of “${plan.source.qualifiedName}”`;
  const again = begun ? ' and copy again (ficus copy SLICE --restart)' : '';
  const omit = `or name it under “omit”`;
  if (columns && !generated)
    return {
      ...given,
      harmless: false,
      message: `${what} stays behind: “columns” does not name it; name it there${again}, ${omit}`,
    };
  if (generated && counterpart?.generated)
    return {
      ...given,
      harmless: true,
      message: `${what} is computed as ${column.generatedSql}, and on the target as ${counterpart.generatedSql}: each side has its own values, and ficus verify does not compare them; give both the same expression, ${omit}`,
    };
  if (!counterpart)
    return {
      ...given,
      // Its values can be computed again from others that go over.
      harmless: generated,
      message: `${what} stays behind: “${to.qualifiedName}” of the target has none of this name; add it there${again}, ${omit}`,
      remedySql: `ALTER TABLE ${plan.target.sql} ADD COLUMN ${quoteIdentifier(name)} ${column.type}; -- on the target${begun ? ', then: ficus copy SLICE --restart' : ''}`,
    };
  const why = counterpart.generated
    ? `it is generated in “${to.qualifiedName}” of the target, which takes no value for it; make it a plain column there${again}`
    : `it is generated on the source, and those are not in the change stream; compute it with sql under “columns”${again}, generate it on the target as well`;
  return { ...given, harmless: false, message: `${what} stays behind: ${why}, ${omit}` };
}
