/** Reads what evaluateSource and evaluateTables need from a server. Needs no privilege beyond connecting. */
import type pg from 'pg';
import { typeSchemasSql } from '../catalog/type-schemas.ts';
import type { SourceFacts } from './evaluate-server.ts';
import type { TablePrivileges } from './evaluate-tables.ts';

/** Facts about the source server. */
export async function readSourceFacts(client: pg.ClientBase, publication: string): Promise<SourceFacts> {
  const { rows } = await client.query<SourceFacts>(
    `SELECT current_user AS role, current_database() AS database, current_setting('wal_level') AS "walLevel",
            current_setting('max_replication_slots')::int AS "maxReplicationSlots",
            (SELECT count(*)::int FROM pg_replication_slots) AS "replicationSlots",
            current_setting('max_wal_senders')::int AS "maxWalSenders",
            (SELECT count(*)::int FROM pg_stat_get_wal_senders()) AS "walSenders",
            current_setting('max_slot_wal_keep_size') AS "maxSlotWalKeepSize",
            (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) AS "mayReplicate",
            has_database_privilege(current_database(), 'CREATE') AS "mayCreate",
            EXISTS (SELECT FROM pg_publication WHERE pubname = $1) AS "hasPublication",
            (SELECT pg_has_role(pubowner, 'USAGE') FROM pg_publication WHERE pubname = $1) AS "mayGuard",
            EXISTS (SELECT FROM pg_publication AS p WHERE pubname = $1 AND (puballtables
                       OR EXISTS (SELECT FROM pg_publication_namespace WHERE pnpubid = p.oid))) AS "isWide",
            EXISTS (SELECT FROM pg_replication_slots
                     WHERE database = current_database() AND slot_name LIKE $1 || '_%'
                       AND confirmed_flush_lsn IS NOT NULL) AS "hasSlot"`,
    [publication],
  );
  const [facts] = rows;
  if (!facts) throw new Error('no answer about the server');
  return facts;
}

/** What the connected role may do with a table. */
export async function readTablePrivileges(
  client: pg.ClientBase,
  oid: number,
  schema: string,
): Promise<TablePrivileges> {
  const { rows } = await client.query<TablePrivileges>(
    `SELECT current_user AS role, has_schema_privilege($2, 'USAGE') AS usage,
            has_table_privilege($1::oid, 'SELECT') AS select, has_table_privilege($1::oid, 'INSERT') AS insert,
            has_table_privilege($1::oid, 'UPDATE') AS update, has_table_privilege($1::oid, 'DELETE') AS delete,
            has_table_privilege($1::oid, 'TRUNCATE') AS truncate,
            array(SELECT nspname::text FROM (${typeSchemasSql('ARRAY[$1::oid]')}) AS types
                   WHERE nspname <> $2 AND NOT has_schema_privilege(nspname, 'USAGE')) AS "closedTypeSchemas",
            (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = $1::oid) AS owns`,
    [oid, schema],
  );
  const [privileges] = rows;
  if (!privileges) throw new Error('no answer about privileges');
  return privileges;
}

/** Source tables (`schema.table`) that the slice's publication already includes. */
export async function readPublished(
  client: pg.ClientBase,
  publication: string,
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_publication_tables WHERE pubname = $1`,
    [publication],
  );
  return new Set(rows.map((row) => row.name));
}

/** Whether the role may disable triggers and foreign keys for its session. */
export async function mayReplicaRole(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT has_parameter_privilege('session_replication_role', 'SET') AS may",
  );
  return rows[0]?.may === true;
}

/** Whether the role may keep the checkpoint: Ficus's schema exists and is usable, or may be created. */
export async function mayKeepCheckpoint(
  client: pg.ClientBase,
): Promise<{ role: string; database: string; may: boolean }> {
  const { rows } = await client.query<{ role: string; database: string; may: boolean }>(
    `SELECT current_user AS role, current_database() AS database,
            CASE WHEN to_regnamespace('ficus') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
                 ELSE has_schema_privilege('ficus', 'USAGE')
                  AND (has_schema_privilege('ficus', 'CREATE') OR to_regclass('ficus.copy_progress') IS NOT NULL)
                  AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('ficus') AND relkind = 'r'
                                     AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
                                              AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')))
             END AS may`,
  );
  const [answer] = rows;
  if (!answer) throw new Error('no answer about privileges');
  return answer;
}

/**
 * Target tables (`schema.table`) to which the stream has copied rows, with the source's columns as they were then
 * (describeColumn); as far as the role may read it.
 */
export async function readBegun(
  client: pg.ClientBase,
  stream: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  // By name: `to_regclass` fails where the role may not use the schema.
  const { rows: readable } = await client.query(
    `SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'ficus' AND c.relname = 'copy_progress'
        AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
        AND pg_has_role(c.relowner, current_user, 'MEMBER') AND pg_has_role(n.nspowner, current_user, 'MEMBER')`,
  );
  if (readable.length === 0) return new Map();
  const { rows } = await client.query<{ target: string; columns: string[] }>(
    'SELECT target, source_columns AS columns FROM ficus.copy_progress WHERE stream = $1 AND (done OR last_key IS NOT NULL)',
    [stream],
  );
  return new Map(rows.map(({ target, columns }) => [target, columns]));
}
