/** Schemas of the types that tables use: a role that reads or writes such values needs USAGE on them. */

/**
 * SQL for the names of these schemas, as the column `nspname`: types of columns, and what those consist of (elements,
 * domains' bases, ranges, attributes).
 * @param tables SQL for an array of the tables' oids
 */
export function typeSchemasSql(tables: string): string {
  return `WITH RECURSIVE used(type) AS (
    SELECT atttypid FROM pg_attribute WHERE attrelid = ANY(${tables}) AND attnum > 0 AND NOT attisdropped
    UNION
    SELECT part FROM used JOIN pg_type AS t ON t.oid = used.type CROSS JOIN LATERAL (
      SELECT t.typelem UNION ALL SELECT t.typbasetype
      UNION ALL SELECT rngsubtype FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)
      UNION ALL SELECT atttypid FROM pg_attribute WHERE attrelid = t.typrelid AND t.typrelid <> 0 AND attnum > 0 AND NOT attisdropped
    ) AS parts(part) WHERE part <> 0)
  SELECT DISTINCT n.nspname FROM used JOIN pg_type AS t ON t.oid = used.type JOIN pg_namespace AS n ON n.oid = t.typnamespace
   WHERE n.nspname <> 'pg_catalog' ORDER BY 1`;
}
