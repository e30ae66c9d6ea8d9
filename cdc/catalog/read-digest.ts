/**
 * One value that changes when a catalog says something else about a slice's tables: a cheap question, asked about every
 * second. What has changed, and whether it matters, is decided where both catalogs are read in full (prepareStream).
 */
import type pg from 'pg';
import { NOT_OF_FENCE } from './fence-triggers-sql.ts';
import { splitQualified } from './quote.ts';
import { usedTypesSql } from './type-parts.ts';

/**
 * Covers the tables by name and oid, whose rows the role sees, columns, their own types and what these consist of, unique indexes and the replica
 * identity, foreign keys, triggers, rules, and all of it but types, foreign keys and rules for partitions and inheriting tables, too. Values
 * change neither with rows nor with statistics, nor when VACUUM, REINDEX (CONCURRENTLY, too) or TRUNCATE rewrite a table, but for the first
 * VACUUM FULL or CLUSTER after a column was added with a default that fills rows. Reads catalogs alone:
 * functions that open a relation, such as pg_partition_tree, wait for its VACUUM FULL.
 */
export async function readDigest(
  client: pg.ClientBase | pg.Pool,
  tables: readonly string[],
): Promise<string> {
  const wanted = tables.map(splitQualified);
  const { rows } = await client.query<{ digest: string }>({
    name: 'ficus_digest',
    text: DIGEST_SQL,
    values: [wanted.map(({ schema }) => schema), wanted.map(({ name }) => name)],
  });
  return rows[0]?.digest ?? '';
}

// Oids as arrays: the planner expects few of them and finds each by index, however many tables the database has.
const DIGEST_SQL = `
  WITH RECURSIVE wanted AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname
      FROM unnest($1::text[], $2::text[]) AS mapped(schema, name)
      JOIN pg_namespace n ON n.nspname = mapped.schema
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = mapped.name
  ), member AS MATERIALIZED (
    SELECT oid, oid AS parent, NULL::xid AS version FROM wanted
    UNION SELECT i.inhrelid, i.inhparent, i.xmin FROM member m JOIN pg_inherits i ON i.inhparent = m.oid
  ), attribute AS MATERIALIZED (
    SELECT a.*, a.xmin AS version, t.typbasetype, t.typnotnull FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = ANY (ARRAY(SELECT oid FROM wanted)) AND a.attnum > 0 AND NOT a.attisdropped
  ), used AS MATERIALIZED (
    ${usedTypesSql('SELECT atttypid FROM attribute')}
  ), fact AS (
    SELECT concat_ws(' ', 'named', oid, quote_ident(nspname), quote_ident(relname)) AS fact FROM wanted
    UNION ALL
    SELECT concat_ws(' ', 'member', oid, parent, version) FROM member
    UNION ALL
    SELECT concat_ws(' ', 'table', c.oid, c.relkind, c.relpersistence, c.relreplident, row_security_active(c.oid))
      FROM pg_class c WHERE c.oid = ANY (ARRAY(SELECT oid FROM member))
    UNION ALL
    SELECT concat_ws(' ', 'index', i.indrelid, i.indkey, i.indnkeyatts, i.indisprimary,
                     i.indisreplident, i.indimmediate, i.indisexclusion, i.indpred IS NULL)
      FROM pg_index i WHERE i.indrelid = ANY (ARRAY(SELECT oid FROM member)) AND i.indisvalid AND (i.indisunique OR i.indisexclusion)
    UNION ALL
    SELECT concat_ws(' ', 'column', attrelid, attnum, quote_ident(attname), atttypid, atttypmod, attnotnull, attgenerated,
                     attidentity, atthasdef, version, typbasetype, typnotnull) FROM attribute
    UNION ALL
    SELECT concat_ws(' ', 'type', t.oid, quote_ident(n.nspname), quote_ident(t.typname))
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = ANY (ARRAY(SELECT type FROM used))
    UNION ALL
    SELECT concat_ws(' ', 'label', oid, enumtypid, enumsortorder, quote_ident(enumlabel)) FROM pg_enum
     WHERE enumtypid = ANY (ARRAY(SELECT type FROM used))
    UNION ALL
    SELECT concat_ws(' ', 'attribute', a.attrelid, a.attnum) FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
     WHERE t.oid = ANY (ARRAY(SELECT type FROM used)) AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'references', conrelid, conname, confrelid, condeferrable) FROM pg_constraint
     WHERE conrelid = ANY (ARRAY(SELECT oid FROM wanted)) AND contype = 'f'
    UNION ALL
    SELECT concat_ws(' ', 'trigger', tgrelid, oid, tgtype, tgenabled) FROM pg_trigger
     WHERE tgrelid = ANY (ARRAY(SELECT oid FROM member)) AND NOT tgisinternal AND ${NOT_OF_FENCE}
    UNION ALL
    SELECT concat_ws(' ', 'rule', ev_class, oid, ev_type, is_instead, ev_qual::text = '<>', ev_enabled) FROM pg_rewrite
     WHERE ev_class = ANY (ARRAY(SELECT oid FROM wanted))
  )
  SELECT md5(string_agg(fact, E'\\n' ORDER BY fact COLLATE "C")) AS digest FROM fact`;
