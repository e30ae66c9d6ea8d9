/** Constraints of a slice's tables as PostgreSQL spells them, those of their columns' domains included. Read-only. */
import type pg from 'pg';

export interface TableConstraint {
  /** `schema.table` */
  readonly table: string;
  readonly name: string;
  readonly kind: 'check' | 'unique' | 'exclude' | 'domain' | 'foreign';
  readonly columns: readonly string[];
  /** `CHECK ((price >= 0))`; of a unique index its definition behind the table's name. */
  readonly definition: string;
  /** Of a foreign key: `schema.table`. */
  readonly references: string | null;
  /** A unique index over columns alone, of all rows. */
  readonly plain: boolean;
}

export async function readTableConstraints(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<TableConstraint[]> {
  const { rows } = await client.query<TableConstraint>(
    `WITH RECURSIVE wanted AS MATERIALIZED (
       SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY($1)
     ), typed AS (
       SELECT w.name, a.attname::text AS "column", a.atttypid AS type FROM wanted w
         JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
       UNION
       SELECT t.name, t."column", d.typbasetype FROM typed t JOIN pg_type d ON d.oid = t.type AND d.typtype = 'd'
     )
     SELECT w.name AS table, c.conname::text AS name, CASE c.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign' ELSE 'exclude' END AS kind,
            array(SELECT a.attname::text FROM unnest(c.conkey) AS key(attnum) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = key.attnum ORDER BY 1) AS columns,
            pg_get_constraintdef(c.oid) AS definition, false AS plain,
            (SELECT rn.nspname || '.' || r.relname FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = c.confrelid) AS references
       FROM wanted w JOIN pg_constraint c ON c.conrelid = w.oid AND c.contype IN ('c', 'x', 'f') AND (c.contype <> 'f' OR c.conparentid = 0)
     UNION ALL
     SELECT w.name, ic.relname::text, 'unique',
            array(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key(attnum, position)
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum AND key.attnum > 0
                   WHERE position <= i.indnkeyatts ORDER BY 1),
            regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''), i.indexprs IS NULL AND i.indpred IS NULL, NULL
       FROM wanted w JOIN pg_index i ON i.indrelid = w.oid AND i.indisunique AND i.indisvalid AND NOT i.indisexclusion
       JOIN pg_class ic ON ic.oid = i.indexrelid
     UNION ALL
     SELECT t.name, c.conname::text, 'domain', ARRAY[t."column"], pg_get_constraintdef(c.oid), false, NULL
       FROM typed t JOIN pg_constraint c ON c.contypid = t.type AND c.contype = 'c'
     ORDER BY 1, 3, 2`,
    [tables],
  );
  return rows;
}
