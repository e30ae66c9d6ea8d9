/**
 * The way back: derives from a slice's tables the mapping whose source is the candidate and whose target is the legacy.
 * It is compiled and streamed like any other, with the catalogs swapped; rollback has no code of its own.
 */
import type { ColumnSource, TableConfig } from '@ficus/core';
import { type DatabaseCatalog, findColumn } from '../catalog/database-catalog.ts';
import { findNames } from './expression-names.ts';
import type { MappingModule, MappingModules } from './mapping-module.ts';
import { restoreColumn } from './restore-column.ts';
import type { TablePlan } from './table-plan.ts';

export interface ReversedMapping {
  readonly tables: readonly TableConfig[];
  /** Modules with forward and reverse exchanged, under the same paths. */
  readonly modules: MappingModules;
  /** Tables that have no way back, and why. They are absent from `tables`. */
  readonly irreversible: readonly { readonly path: TablePlan['path']; readonly reasons: readonly string[] }[];
}

interface Catalogs {
  readonly source: DatabaseCatalog;
  readonly target: DatabaseCatalog;
}

/** @param plans compiled forward from these same tables and catalogs */
export function reverseMapping(
  tables: readonly TableConfig[],
  plans: readonly TablePlan[],
  catalogs: Catalogs,
): ReversedMapping {
  const reversed: TableConfig[] = [];
  const modules = new Map<string, MappingModule>();
  const irreversible: ReversedMapping['irreversible'][number][] = [];
  const fed = new Set<string>();
  for (const plan of plans) {
    const config = tables[plan.index];
    if (!config) continue;
    const reasons = [
      ...plan.irreversibleReasons,
      // Two tables of the candidate would write the same rows of the legacy.
      ...(fed.has(config.from) ? [`“${config.from}” is split, and another part already fills it`] : []),
    ];
    if (reasons.length > 0) {
      irreversible.push({ path: plan.path, reasons });
      continue;
    }
    fed.add(config.from);
    if (config.module !== undefined && plan.module) {
      modules.set(config.module, exchange(plan.module, plan));
      reversed.push({ from: config.to, to: config.from, module: config.module });
    } else
      reversed.push({ from: config.to, to: config.from, columns: reverseColumns(config, plan, catalogs) });
  }
  return { tables: reversed, modules, irreversible };
}

function reverseColumns(
  config: TableConfig,
  plan: TablePlan,
  { source, target }: Catalogs,
): Record<string, ColumnSource> {
  const columns: Record<string, ColumnSource> = {};
  const legacy = source.tables.get(plan.source.qualifiedName)!;
  const candidate = target.tables.get(plan.target.qualifiedName)!;
  const names = plan.columns.map((column) => column.name);
  for (const column of plan.columns) {
    const made = config.columns?.[column.name] ?? column.name;
    if (typeof made === 'string')
      columns[made] ??= restoreColumn(findColumn(candidate, column.name)!, findColumn(legacy, made)!);
    else if ('sql' in made)
      for (const [name, sql] of Object.entries(made.reverse ?? {})) {
        const read = findNames(sql).identifiers;
        columns[name] = { sql, from: names.filter((candidate) => read.has(candidate)) };
      }
  }
  return columns;
}

function exchange(module: MappingModule, plan: TablePlan): MappingModule {
  const { forward, reverse } = module;
  if (!reverse) throw new Error('a module without reverse has no way back');
  return {
    forward: reverse,
    reverse: forward,
    columns: plan.source.readColumns.map((column) => column.name),
  };
}
