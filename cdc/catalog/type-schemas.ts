/** Schemas of the types that tables use: a role that reads or writes such values needs USAGE on them. */
import { usedTypesSql } from './type-parts.ts';

/**
 * SQL for the names of these schemas, as the column `nspname`: types of columns, and what those consist of (elements,
 * domains' bases, ranges, attributes).
 * @param tables SQL for an array of the tables' oids
 */
export function typeSchemasSql(tables: string): string {
  const columns = `SELECT atttypid FROM pg_attribute WHERE attrelid = ANY(${tables}) AND attnum > 0 AND NOT attisdropped`;
  return `SELECT DISTINCT n.nspname FROM (${usedTypesSql(columns)}) AS used JOIN pg_type AS t ON t.oid = used.type
    JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE n.nspname <> 'pg_catalog' ORDER BY 1`;
}
