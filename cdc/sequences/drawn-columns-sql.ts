/** Catalog queries of readDrawnColumns. `$1`: the tables as `schema.table`. They need no privilege beyond connecting. */

const WANTED = `wanted AS MATERIALIZED (
    SELECT c.oid, n.nspname || '.' || c.relname AS name, format('%I.%I', n.nspname, c.relname) AS sql
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname || '.' || c.relname = ANY($1) AND c.relkind IN ('r', 'p')
  )`;

/** Every column, with what is to be known of it as a key. */
export const KEY_COLUMNS_SQL = `
  WITH RECURSIVE ${WANTED}, attribute AS (
    SELECT w.oid, w.name, w.sql, a.attnum, a.attname, a.atttypid AS type FROM wanted w
      JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
  ), base AS (
    SELECT oid, attnum, type FROM attribute
    UNION ALL
    SELECT b.oid, b.attnum, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype = 'd'
  )
  SELECT a.oid::int8::float8 AS "tableOid", a.attnum::int AS attnum, a.name AS "table", a.sql AS "tableSql", a.attname::text AS "column",
         format_type(b.type, NULL) AS type, has_column_privilege(a.oid, a.attnum, 'SELECT') AS "mayRead",
         EXISTS (SELECT FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am m ON m.oid = ic.relam
                  WHERE i.indrelid = a.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum AND m.amname = 'btree') AS indexed,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.oid AND i.indisprimary AND a.attnum = ANY(i.indkey::int2[])) AS "inKey",
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS "isUnique",
         EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = a.oid AND f.contype = 'f' AND a.attnum = ANY(f.conkey)) AS "refers",
         (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute g ON g.attrelid = d.adrelid AND g.attnum = d.adnum
           WHERE d.adrelid = a.oid AND d.adnum = a.attnum AND g.attgenerated = '') AS "defaultSql"
    FROM attribute a JOIN base b ON b.oid = a.oid AND b.attnum = a.attnum
    JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
   ORDER BY a.name, a.attnum`;

/** Columns and the sequences that pg_depend knows they draw from; the first of each is the surest. */
export const DRAWS_SQL = `
  WITH RECURSIVE ${WANTED}, attribute AS (
    SELECT w.oid, a.attnum, a.atttypid AS type FROM wanted w
      JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  ), domain AS (
    SELECT a.oid, a.attnum, t.oid AS type, t.typbasetype FROM attribute a JOIN pg_type t ON t.oid = a.type AND t.typtype = 'd'
    UNION
    SELECT d.oid, d.attnum, t.oid, t.typbasetype FROM domain d JOIN pg_type t ON t.oid = d.typbasetype AND t.typtype = 'd'
  ), maker AS (
    SELECT a.oid, a.attnum, 'pg_attrdef'::regclass AS class, d.oid AS object FROM attribute a
      JOIN pg_attrdef d ON d.adrelid = a.oid AND d.adnum = a.attnum
    UNION ALL SELECT oid, attnum, 'pg_type'::regclass, type FROM domain
  ), called AS (
    SELECT m.oid, m.attnum, p.refobjid AS object FROM maker m
      JOIN pg_depend p ON p.classid = m.class AND p.objid = m.object AND p.refclassid = 'pg_proc'::regclass
  ), draws AS (
    SELECT a.oid, a.attnum, s.objid AS sequence, 1 AS rank, 'identity' AS through FROM attribute a
      JOIN pg_depend s ON s.refclassid = 'pg_class'::regclass AND s.refobjid = a.oid AND s.refobjsubid = a.attnum
       AND s.classid = 'pg_class'::regclass AND s.deptype = 'i'
    UNION ALL
    SELECT m.oid, m.attnum, s.refobjid, 2, 'default' FROM maker m
      JOIN pg_depend s ON s.classid = m.class AND s.objid = m.object AND s.refclassid = 'pg_class'::regclass
    UNION ALL
    SELECT c.oid, c.attnum, s.refobjid, 3, 'function' FROM called c
      JOIN pg_depend s ON s.classid = 'pg_proc'::regclass AND s.objid = c.object AND s.refclassid = 'pg_class'::regclass
    UNION ALL
    SELECT a.oid, a.attnum, s.objid, 4, 'name' FROM attribute a
      JOIN pg_depend s ON s.refclassid = 'pg_class'::regclass AND s.refobjid = a.oid AND s.refobjsubid = a.attnum
       AND s.classid = 'pg_class'::regclass AND s.deptype = 'a'
  )
  SELECT DISTINCT ON (d.oid, d.attnum, d.sequence) d.oid::int8::float8 AS "tableOid", d.attnum::int AS attnum,
         d.sequence::int8::float8 AS sequence, d.through
    FROM draws d JOIN pg_class c ON c.oid = d.sequence AND c.relkind = 'S' ORDER BY d.oid, d.attnum, d.sequence, d.rank`;

/** Text in which a sequence may be named: functions that defaults call, and triggers before each inserted row. */
export const SOURCES_SQL = `
  WITH ${WANTED}
  SELECT d.adrelid::int8::float8 AS "tableOid", d.adnum::int AS attnum, 'function' AS through, p.proname::text AS name, p.prosrc AS source
    FROM wanted w JOIN pg_attrdef d ON d.adrelid = w.oid
    JOIN pg_depend x ON x.classid = 'pg_attrdef'::regclass AND x.objid = d.oid AND x.refclassid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = x.refobjid JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
  UNION ALL
  SELECT g.tgrelid::int8::float8, NULL, 'trigger', g.tgname::text, p.prosrc
    FROM wanted w JOIN pg_trigger g ON g.tgrelid = w.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 7 = 7
    JOIN pg_proc p ON p.oid = g.tgfoid`;

/** Sequences by oid (`$1`) and by bare name (`$2`): what text names is resolved by the reader, as to_regclass fails on closed schemas. */
export const SEQUENCES_SQL = `
  SELECT s.seqrelid::int8::float8 AS oid, n.nspname::text AS schema, c.relname::text AS bare, n.nspname || '.' || c.relname AS name,
         format('%I.%I', n.nspname, c.relname) AS sql, pg_table_is_visible(c.oid) AS visible,
         s.seqincrement::text AS increment, s.seqmin::text AS min, s.seqmax::text AS max, s.seqcache::text AS cache, s.seqcycle AS cycles,
         c.relpersistence = 'u' AS unlogged,
         has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT') AS "maySelect",
         has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'UPDATE') AS "mayUpdate",
         pg_has_role(c.relowner, 'USAGE') AS owns
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid AND c.relpersistence <> 't' JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE s.seqrelid = ANY($1::oid[]) OR c.relname = ANY($2)
   ORDER BY 4`;
