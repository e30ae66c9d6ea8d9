/** How source columns appear to expressions and in the old rows of the WAL. */
import type { ColumnCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import type { InputColumn } from './table-plan.ts';

/**
 * The type that expressions see for a source column: its base type when built into PostgreSQL, else text. regclass
 * counts as text as well: its cast from text does not read its text form, and refuses `-`.
 */
export function asInput(column: Pick<ColumnCatalog, 'name' | 'builtin' | 'baseType'>): InputColumn {
  return { name: column.name, type: hasPlainInput(column) ? column.baseType : 'text' };
}

/** Whether a plain cast turns the value's text back into the value, in any database. */
export function hasPlainInput(column: Pick<ColumnCatalog, 'builtin' | 'baseType'>): boolean {
  return column.builtin && column.baseType !== 'regclass';
}

/** Columns that an old row in the WAL carries. */
export function identityColumns(source: TableCatalog): readonly string[] {
  switch (source.replicaIdentity.kind) {
    case 'full':
      return source.columns.filter((column) => !column.generated).map((column) => column.name);
    case 'columns':
      return source.replicaIdentity.columns;
    case 'none':
      return [];
  }
}
