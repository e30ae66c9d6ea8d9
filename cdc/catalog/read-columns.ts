/** Columns and their types; domains are resolved to their base types. Called by readCatalog. */
import type pg from 'pg';
import type { ColumnCatalog } from './database-catalog.ts';
import { groupByTable } from './group-by-table.ts';
import { typePartsSql } from './type-parts.ts';

interface ColumnRow {
  readonly table: number;
  readonly name: string;
  readonly attnum: number;
  readonly type: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly baseType: string;
  readonly baseTypeOid: number;
  readonly baseTypeWithModifier: string;
  readonly builtin: boolean;
  readonly isDomain: boolean;
  readonly isArray: boolean;
  readonly kind: string;
  readonly enumLabels: string[] | null;
  readonly typeParts: Record<string, string> | null;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** Of the default, or of what a generated column is computed with. */
  readonly sql: string | null;
  readonly filledWith: string | null;
  readonly generated: boolean;
  readonly identity: string;
}

const KINDS: Readonly<Record<string, ColumnCatalog['typeKind']>> = {
  b: 'base',
  c: 'composite',
  e: 'enum',
  r: 'range',
  m: 'multirange',
};

// User-defined types carry their schema whatever search_path says; arrays take it from the element type. format_type
// with modifier −1 says "bpchar" and "bit" where the plain name would mean length 1.
const COLUMNS_SQL = `
  WITH RECURSIVE wanted AS (
    SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS typmod
      FROM pg_attribute a WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ), resolved AS (
    SELECT * FROM wanted
    UNION ALL
    SELECT r.attrelid, r.attnum, t.typbasetype, t.typtypmod
      FROM resolved r JOIN pg_type t ON t.oid = r.type WHERE t.typtype = 'd'
  ), base AS (
    SELECT r.attrelid, r.attnum, r.typmod, t.*, t.oid AS type, t.typcategory = 'A' AND t.typelem <> 0 AS "isArray",
           t.typnamespace = 'pg_catalog'::regnamespace AND t.oid < 16384 AS builtin
      FROM resolved r JOIN pg_type t ON t.oid = r.type WHERE t.typtype <> 'd'
  )
  SELECT a.attrelid::int8::float8 AS table, a.attname AS name, a.attnum::int AS attnum,
         format_type(a.atttypid, a.atttypmod) AS type, a.atttypid::int8::float8 AS "typeOid", a.atttypmod AS typmod,
         b.type::int8::float8 AS "baseTypeOid", b.builtin, b."isArray",
         (SELECT t.typtype = 'd' FROM pg_type t WHERE t.oid = a.atttypid) AS "isDomain",
         b.typtype::text AS kind,
         CASE WHEN b.builtin THEN format_type(b.type, -1)
              WHEN b."isArray" THEN quote_ident(en.nspname) || '.' || quote_ident(e.typname) || '[]'
              ELSE quote_ident(bn.nspname) || '.' || quote_ident(b.typname) END AS "baseType",
         CASE WHEN b.builtin THEN format_type(b.type, b.typmod)
              WHEN b."isArray" THEN quote_ident(en.nspname) || '.' || quote_ident(e.typname) || '[]'
              ELSE quote_ident(bn.nspname) || '.' || quote_ident(b.typname) END AS "baseTypeWithModifier",
         (SELECT array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_enum l
           WHERE l.enumtypid = CASE WHEN b."isArray" THEN b.typelem ELSE b.type END)
           AS "enumLabels",
         ${typePartsSql('SELECT a.atttypid')} AS "typeParts",
         a.attnotnull AS "notNull", a.atthasdef OR a.attidentity <> '' AS "hasDefault",
         (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
           WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) AS sql,
         CASE WHEN a.atthasmissing THEN (a.attmissingval::text::text[])[1] END AS "filledWith",
         a.attgenerated <> '' AS generated, a.attidentity::text AS identity
    FROM pg_attribute a
    JOIN base b ON b.attrelid = a.attrelid AND b.attnum = a.attnum
    JOIN pg_namespace bn ON bn.oid = b.typnamespace
    LEFT JOIN pg_type e ON b."isArray" AND e.oid = b.typelem
    LEFT JOIN pg_namespace en ON en.oid = e.typnamespace
   ORDER BY a.attrelid, a.attnum`;

/** Table oid → its columns in order. */
export async function readColumns(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, ColumnCatalog[]>> {
  const { rows } = await client.query<ColumnRow>(COLUMNS_SQL, [oids]);
  return groupByTable(rows, (row) => ({
    name: row.name,
    attnum: row.attnum,
    type: row.type,
    typeOid: row.typeOid,
    typmod: row.typmod,
    baseType: row.baseType,
    baseTypeOid: row.baseTypeOid,
    baseTypeWithModifier: row.baseTypeWithModifier,
    builtin: row.builtin,
    typeKind: row.isDomain ? 'domain' : row.isArray ? 'array' : (KINDS[row.kind] ?? 'other'),
    enumLabels: row.enumLabels ?? undefined,
    typeParts: row.typeParts ?? undefined,
    notNull: row.notNull,
    hasDefault: row.hasDefault,
    defaultSql: row.generated ? undefined : (row.sql ?? undefined),
    generatedSql: row.generated ? (row.sql ?? undefined) : undefined,
    filledWith: row.filledWith ?? undefined,
    generated: row.generated,
    identity: row.identity === 'a' ? 'always' : row.identity === 'd' ? 'by default' : undefined,
  }));
}
