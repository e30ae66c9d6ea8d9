/** Unique indexes, exclusion constraints, foreign keys and triggers of tables. Called by readCatalog. */
import type pg from 'pg';
import type { ForeignKey, InboundKey, Intercept, Trigger, UniqueIndex } from './database-catalog.ts';
import { NOT_OF_FENCE } from './fence-triggers-sql.ts';
import { groupByTable } from './group-by-table.ts';

/** Table oid → its unique indexes, the primary key first. Leaves out invalid ones (a failed CREATE … CONCURRENTLY). */
export async function readUniqueIndexes(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, UniqueIndex[]>> {
  const { rows } = await client.query<{
    table: number;
    name: string;
    primary: boolean;
    columns: (string | null)[];
    partial: boolean;
    immediate: boolean;
    ofConstraint: boolean;
    equatesTexts: boolean;
    identifies: boolean;
  }>(
    `SELECT i.indrelid::int8::float8 AS table, c.relname AS name, i.indisprimary AS primary,
            i.indpred IS NOT NULL AS partial, i.indimmediate AS immediate,
            EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid) AS "ofConstraint",
            EXISTS (SELECT FROM pg_collation WHERE oid = ANY(i.indcollation) AND NOT collisdeterministic) AS "equatesTexts",
            k.columns, k.identifies
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      CROSS JOIN LATERAL (
        SELECT array_agg(a.attname::text ORDER BY position) AS columns,
               coalesce(bool_and(a.attnotnull AND a.attgenerated = ''), false) AND bool_and(a.attname IS NOT NULL) AS identifies
          FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key(attnum, position)
          LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum AND key.attnum > 0
         WHERE position <= i.indnkeyatts) k
      WHERE i.indrelid = ANY($1::oid[]) AND i.indisunique AND i.indisvalid AND NOT i.indisexclusion
      ORDER BY i.indisprimary DESC, c.relname`,
    [oids],
  );
  return groupByTable(rows, (row) => ({
    name: row.name,
    primary: row.primary,
    columns: row.columns.map((column) => column ?? undefined),
    partial: row.partial,
    immediate: row.immediate,
    ofConstraint: row.ofConstraint,
    equatesTexts: row.equatesTexts,
    identifiesRows: row.identifies && !row.partial && row.immediate,
  }));
}

/** Table oid → names of its exclusion constraints. */
export async function readExclusions(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, string[]>> {
  const { rows } = await client.query<{ table: number; name: string }>(
    `SELECT indrelid::int8::float8 AS table, indexrelid::regclass::text AS name
       FROM pg_index WHERE indrelid = ANY($1::oid[]) AND indisexclusion ORDER BY 2`,
    [oids],
  );
  return groupByTable(rows, (row) => row.name);
}

/** Table oid → foreign keys that its rows must satisfy. */
export async function readForeignKeys(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, ForeignKey[]>> {
  const { rows } = await client.query<ForeignKey & { table: number }>(
    `SELECT f.conrelid::int8::float8 AS table, f.conname AS name, n.nspname || '.' || t.relname AS references,
            f.confrelid = f.conrelid AS "selfReference", f.condeferrable AS deferrable,
            (SELECT array_agg(a.attname::text ORDER BY position)
               FROM unnest(f.conkey) WITH ORDINALITY AS key(attnum, position)
               JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = key.attnum) AS columns
       FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace
      WHERE f.conrelid = ANY($1::oid[]) AND f.contype = 'f' AND f.conparentid = 0 ORDER BY f.conname`,
    [oids],
  );
  return groupByTable(rows, ({ name, columns, references, selfReference, deferrable }) => ({
    name,
    columns,
    references,
    selfReference,
    deferrable,
  }));
}

const FIRES: Readonly<Record<string, Trigger['fires']>> = {
  O: 'origin',
  R: 'replica',
  A: 'always',
  D: 'disabled',
};

const ON_DELETE: Readonly<Record<string, InboundKey['onDelete']>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

/** Table oid → foreign keys of other tables that refer to it. */
export async function readInboundKeys(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, InboundKey[]>> {
  const { rows } = await client.query<{
    table: number;
    name: string;
    from: string;
    onDelete: string;
    triggers: { name: string; enabled: string }[];
  }>(
    `SELECT f.confrelid::int8::float8 AS table, f.conname AS name, n.nspname || '.' || t.relname AS from,
            f.confdeltype::text AS "onDelete",
            (SELECT coalesce(json_agg(json_build_object('name', g.tgname, 'enabled', g.tgenabled) ORDER BY g.oid), '[]')
               FROM pg_trigger g WHERE g.tgconstraint = f.oid AND g.tgrelid = f.confrelid AND g.tgtype & 8 <> 0) AS triggers
       FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
      WHERE f.confrelid = ANY($1::oid[]) AND f.contype = 'f' AND f.conparentid = 0 AND f.conrelid <> f.confrelid
      ORDER BY f.conname`,
    [oids],
  );
  return groupByTable(rows, ({ name, from, onDelete, triggers }) => ({
    name,
    table: from,
    onDelete: ON_DELETE[onDelete] ?? 'no action',
    triggers: triggers.map((trigger) => ({ name: trigger.name, fires: FIRES[trigger.enabled] ?? 'origin' })),
  }));
}

/** Table oid → its triggers, except those that PostgreSQL creates for constraints, and the fence's. */
export async function readTriggers(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, Trigger[]>> {
  const { rows } = await client.query<{ table: number; name: string; enabled: string }>(
    `SELECT tgrelid::int8::float8 AS table, tgname AS name, tgenabled::text AS enabled
       FROM pg_trigger WHERE tgrelid = ANY($1::oid[]) AND NOT tgisinternal AND ${NOT_OF_FENCE} ORDER BY tgname`,
    [oids],
  );
  return groupByTable(rows, (row) => ({ name: row.name, fires: FIRES[row.enabled] ?? 'origin' }));
}

interface InterceptRow {
  readonly table: number;
  readonly kind: 'trigger' | 'rule';
  readonly name: string;
  readonly enabled: string;
  readonly on: Intercept['on'];
  readonly replaces: boolean;
}

/**
 * Table oid → what may leave out rows that are written to it. Rules of a partition are left out: PostgreSQL applies
 * those of the table that a statement names alone.
 */
export async function readIntercepts(
  client: pg.ClientBase,
  oids: readonly number[],
): Promise<Map<number, Intercept[]>> {
  const { rows } = await client.query<InterceptRow>(
    `SELECT member.root::int8::float8 AS table, 'trigger' AS kind, g.tgname::text AS name, g.tgenabled::text AS enabled,
            array_remove(ARRAY[CASE WHEN g.tgtype & 4 <> 0 THEN 'insert' END, CASE WHEN g.tgtype & 16 <> 0 THEN 'update' END,
                               CASE WHEN g.tgtype & 8 <> 0 THEN 'delete' END], NULL) AS on, false AS replaces
       FROM (SELECT root, root FROM unnest($1::oid[]) AS root
             UNION SELECT root, tree.relid FROM unnest($1::oid[]) AS root, pg_partition_tree(root) AS tree) AS member(root, oid)
       JOIN pg_trigger g ON g.tgrelid = member.oid
      WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgtype & 3 = 3
     UNION ALL
     SELECT ev_class::int8::float8, 'rule', rulename::text, ev_enabled::text,
            ARRAY[CASE ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert' ELSE 'delete' END], ev_qual::text = '<>'
       FROM pg_rewrite WHERE ev_class = ANY($1::oid[]) AND is_instead AND ev_type IN ('2', '3', '4')
      ORDER BY 2, 3`,
    [oids],
  );
  return groupByTable(rows, ({ kind, name, enabled, on, replaces }) => ({
    name: `${kind} “${name}”`,
    fires: FIRES[enabled] ?? 'origin',
    on,
    replaces,
  }));
}
