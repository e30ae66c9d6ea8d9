import { type TableConfig, tableSchema } from '@ficus/core';

/** Tables as a user writes them in ficus.yaml, through the schema. */
export function parseConfigTables(tables: readonly unknown[]): TableConfig[] {
  return tables.map((table) => tableSchema.parse(table));
}
