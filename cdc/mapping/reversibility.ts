/**
 * Whether target rows can be turned back into source rows, which rollback needs: every source column that cannot be
 * omitted must be computable from target columns.
 */
import type { TableConfig } from '@ficus/core';
import type { TableCatalog } from '../catalog/database-catalog.ts';
import type { CompiledColumn } from './compile-columns.ts';
import type { MappingModule } from './mapping-module.ts';

interface ReversibilityInput {
  readonly config: TableConfig;
  readonly source: TableCatalog;
  readonly columns: readonly CompiledColumn[];
  readonly module: MappingModule | undefined;
}

export function findIrreversibleReasons(input: ReversibilityInput): string[] {
  if (input.module) return input.module.reverse ? [] : ['the module exports no reverse(row)'];
  const restored = new Set<string>();
  const read = new Set<string>();
  for (const { made, reads } of input.columns) {
    for (const name of reads) read.add(name);
    if (typeof made === 'object' && 'sql' in made)
      for (const name of Object.keys(made.reverse ?? {})) restored.add(name);
    else if (typeof made === 'string') restored.add(made);
  }
  return input.source.columns
    .filter((column) => !column.generated && !restored.has(column.name))
    .filter((column) => read.has(column.name) || (column.notNull && !column.hasDefault))
    .map((column) =>
      read.has(column.name)
        ? `“${column.name}” goes into an expression without reverse`
        : `“${column.name}” of the source must not be null and is not mapped`,
    );
}
