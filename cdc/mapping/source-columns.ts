/** How columns of the source appear to expressions and in the old rows of the WAL. */
import type { ColumnCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import type { InputColumn } from './table-plan.ts';

/**
 * What expressions see of a source column: its base type when every PostgreSQL has it, else text. regclass is text as
 * well: its cast from text is no reading of its text form, and refuses `-`.
 */
export function asInput(column: Pick<ColumnCatalog, 'name' | 'builtin' | 'baseType'>): InputColumn {
  return { name: column.name, type: hasPlainInput(column) ? column.baseType : 'text' };
}

/** Whether a value's text becomes the value again by a plain cast, in any database. */
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
