/**
 * What the values of a type consist of. A value in a row names labels of enums and attributes of composite types by
 * number: when one is renamed or dropped, the rows have other values, and no change of theirs is in any change stream.
 */

/** PostgreSQL gives its own objects the numbers below (FirstNormalObjectId). */
const FIRST_OWN_OID = 16384;

/** Of the type `t` (pg_type), as a lateral subquery with the column `part`: elements, a domain's base, ranges, attributes. */
const PARTS_OF_TYPE = `LATERAL (
  SELECT t.typelem UNION ALL SELECT t.typbasetype
  UNION ALL SELECT rngsubtype FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)
  UNION ALL SELECT atttypid FROM pg_attribute WHERE attrelid = t.typrelid AND t.typrelid <> 0 AND attnum > 0 AND NOT attisdropped
) AS parts(part)`;

/**
 * SQL for a query that yields, as `type`, the types of columns and all that these consist of, without those of PostgreSQL's own:
 * they never change, and consist of nothing else.
 * @param columns SQL for a query of the columns' types
 */
export function usedTypesSql(columns: string): string {
  return `WITH RECURSIVE used(type) AS (
    SELECT type FROM (${columns}) AS given(type) WHERE type >= ${FIRST_OWN_OID}
    UNION
    SELECT part FROM used JOIN pg_type AS t ON t.oid = used.type CROSS JOIN ${PARTS_OF_TYPE} WHERE part >= ${FIRST_OWN_OID})
  SELECT type FROM used`;
}

/**
 * SQL for an object of JSON, of all that values of the types consist of: an enum's label by its oid, an attribute of a
 * composite type by its relation's oid and its number. Null where there is none.
 * @param types SQL for a query of the types
 */
export function typePartsSql(types: string): string {
  return `(WITH types AS (${usedTypesSql(types)})
    SELECT json_object_agg(number, name ORDER BY number) FROM (
      SELECT l.oid::text AS number, l.enumlabel::text AS name FROM pg_enum AS l WHERE l.enumtypid IN (SELECT type FROM types)
      UNION ALL
      SELECT concat_ws('.', a.attrelid, a.attnum), a.attname::text FROM pg_attribute AS a
        JOIN pg_type AS t ON t.typrelid = a.attrelid AND t.oid IN (SELECT type FROM types)
       WHERE a.attnum > 0 AND NOT a.attisdropped AND t.typtype = 'c') AS part)`;
}
