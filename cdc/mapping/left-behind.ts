/**
 * Without `columns`, all columns go over under their own names. Those that cannot are found here: left out in silence,
 * they would be missing on the target, and verify, which compares what the mapping produces, would not see it.
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
  /** Its values can be computed again from others that go over. */
  readonly derived: boolean;
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
    if (!config || config.columns || config.module !== undefined || !source || !target) return [];
    const read = new Set(
      plans
        .filter((part) => part.source.oid === plan.source.oid)
        .flatMap((part) => part.columns.flatMap(({ inputs }) => inputs)),
    );
    const omitted = new Set(config.omit);
    return source.columns
      .filter(({ name }) => !read.has(name) && !omitted.has(name))
      .flatMap((column) => judge(plan, column, target, begun.has(plan.target.qualifiedName)) ?? []);
  });
}

function judge(
  plan: TablePlan,
  column: ColumnCatalog,
  to: TableCatalog,
  begun: boolean,
): LeftBehind | undefined {
  const { name, generated } = column;
  const counterpart = findColumn(to, name);
  if (generated && counterpart?.generated) return undefined;
  const given = { plan, path: [...plan.path, 'columns', name], code: 'FICUS_CDC_MAPPING_INVALID' as const };
  const what = `column “${name}” of “${plan.source.qualifiedName}”`;
  const again = begun ? ' and copy again (ficus copy SLICE --restart)' : '';
  const omit = `or name it under “omit”`;
  if (!counterpart)
    return {
      ...given,
      derived: generated,
      message: `${what} stays behind: “${to.qualifiedName}” of the target has none of this name; add it there${again}, ${omit}`,
      remedySql: `ALTER TABLE ${plan.target.sql} ADD COLUMN ${quoteIdentifier(name)} ${column.type}; -- on the target${begun ? ', then: ficus copy SLICE --restart' : ''}`,
    };
  const why = counterpart.generated
    ? `it is generated in “${to.qualifiedName}” of the target, which takes no value for it; make it a plain column there${again}`
    : `it is generated on the source, and those are not in the change stream; compute it with sql under “columns”${again}, generate it on the target as well`;
  return { ...given, derived: false, message: `${what} stays behind: ${why}, ${omit}` };
}

/** Names under `omit` that are no columns. */
export function checkOmitted(
  config: TableConfig,
  source: TableCatalog,
  path: readonly (string | number)[],
): MappingProblem[] {
  return (config.omit ?? []).flatMap((name, at) =>
    findColumn(source, name)
      ? []
      : {
          path: [...path, 'omit', at],
          message: `there is no column “${name}” in the source table “${source.qualifiedName}”`,
          code: 'FICUS_CDC_TABLE_MISSING' as const,
        },
  );
}
