/**
 * Reads the catalogs of one database for a slice's tables: one query per kind of object, whatever the number of tables.
 * Needs no privilege beyond connecting.
 */
import type pg from 'pg';
import type { DatabaseCatalog, ReplicaIdentity, TableCatalog, UniqueIndex } from './database-catalog.ts';
import { readColumns } from './read-columns.ts';
import {
  readExclusions,
  readForeignKeys,
  readInboundKeys,
  readIntercepts,
  readTriggers,
  readUniqueIndexes,
} from './read-constraints.ts';
import { readSystemIdentifier } from './read-system-identifier.ts';
import { REPLICA_IDENTITY } from './replica-identity-sql.ts';
import { readStorage } from './table-storage.ts';

/** Reads the named tables (`schema.table`); tables that do not exist are absent from the result. */
export async function readCatalog(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<DatabaseCatalog> {
  const server = await readServer(client);
  const rows = await readTables(client, tables);
  const oids = rows.map((row) => row.oid);
  const storage = await readStorage(client, tables);
  const columns = await readColumns(client, oids);
  const indexes = await readUniqueIndexes(client, oids);
  const exclusions = await readExclusions(client, oids);
  const foreignKeys = await readForeignKeys(client, oids);
  const inbound = await readInboundKeys(client, oids);
  const triggers = await readTriggers(client, oids);
  const intercepts = await readIntercepts(client, oids);
  const built = rows.map((row): TableCatalog => {
    const uniqueIndexes = indexes.get(row.oid) ?? [];
    return {
      oid: row.oid,
      storage: storage.get(`${row.schema}.${row.name}`) ?? { files: {}, columns: {} },
      schema: row.schema,
      name: row.name,
      qualifiedName: `${row.schema}.${row.name}`,
      kind: TABLE_KINDS[row.relkind] ?? 'other',
      columns: columns.get(row.oid) ?? [],
      uniqueIndexes,
      replicaIdentity: replicaIdentity(row, uniqueIndexes),
      exclusionConstraints: exclusions.get(row.oid) ?? [],
      foreignKeys: foreignKeys.get(row.oid) ?? [],
      referencedBy: inbound.get(row.oid) ?? [],
      triggers: triggers.get(row.oid) ?? [],
      intercepts: intercepts.get(row.oid) ?? [],
      rowSecurity: row.rowSecurity,
      hasChildren: row.hasChildren,
      unfitPartitions: row.unfitPartitions,
      detachForeign: row.detachForeign,
      generatedIdentity: row.generatedIdentity,
      unlogged: row.unlogged,
      estimatedRows: row.estimatedRows,
    };
  });
  return { ...server, tables: new Map(built.map((table) => [table.qualifiedName, table])) };
}

const TABLE_KINDS: Readonly<Record<string, TableCatalog['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'view',
  f: 'foreign',
};

interface TableRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly relkind: string;
  readonly relreplident: string;
  readonly identityIndex: string | null;
  readonly rowSecurity: boolean;
  readonly hasChildren: boolean;
  readonly unfitPartitions: string[];
  readonly detachForeign: string[];
  readonly generatedIdentity: string[];
  readonly unlogged: string[];
  readonly estimatedRows: number;
}

async function readTables(client: pg.ClientBase, tables: readonly string[]): Promise<TableRow[]> {
  const { rows } = await client.query<TableRow>(
    `SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text, c.relreplident::text,
            row_security_active(c.oid) AS "rowSecurity", c.reltuples::float8 AS "estimatedRows",
            (SELECT ic.relname FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
              WHERE i.indrelid = c.oid AND i.indisreplident) AS "identityIndex",
            c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS "hasChildren",
            array(SELECT format('%I.%I', ln.nspname, l.relname)
                    FROM pg_partition_tree(c.oid) AS tree JOIN pg_class l ON l.oid = tree.relid
                    JOIN pg_namespace ln ON ln.oid = l.relnamespace CROSS JOIN ${REPLICA_IDENTITY}
                   WHERE c.relkind = 'p' AND tree.isleaf AND l.oid <> c.oid AND l.relkind = 'r' AND NOT identity."isFull"
                     AND (l.relreplident <> c.relreplident OR identity.columns = '{}')
                   ORDER BY 1) AS "unfitPartitions",
            array(SELECT format('ALTER TABLE %s DETACH PARTITION %s;', i.inhparent::regclass, l.oid::regclass)
                    FROM pg_partition_tree(c.oid) AS tree JOIN pg_class l ON l.oid = tree.relid AND l.relkind = 'f'
                    JOIN pg_inherits i ON i.inhrelid = l.oid WHERE c.relkind = 'p' ORDER BY 1) AS "detachForeign",
            array(SELECT DISTINCT unnest(identity.generated)
                    FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS member(oid)
                    JOIN pg_class l ON l.oid = member.oid AND l.relkind = 'r' CROSS JOIN ${REPLICA_IDENTITY}
                   ORDER BY 1) AS "generatedIdentity",
            array(SELECT format('%I.%I', ln.nspname, l.relname)
                    FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS member(oid)
                    JOIN pg_class l ON l.oid = member.oid AND l.relkind = 'r' AND l.relpersistence <> 'p'
                    JOIN pg_namespace ln ON ln.oid = l.relnamespace ORDER BY 1) AS unlogged
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname || '.' || c.relname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [tables],
  );
  return rows;
}

function replicaIdentity(row: TableRow, indexes: readonly UniqueIndex[]): ReplicaIdentity {
  if (row.relreplident === 'f') return { kind: 'full' };
  if (row.relreplident === 'n') return { kind: 'none', reason: 'nothing' };
  const index = indexes.find((candidate) =>
    row.relreplident === 'i'
      ? candidate.name === row.identityIndex
      : candidate.primary && candidate.immediate,
  );
  // Dropping the replica identity's index leaves the table with no identity at all, silently.
  if (!index) return { kind: 'none', reason: row.relreplident === 'i' ? 'nothing' : 'no-primary-key' };
  return { kind: 'columns', columns: index.columns.filter((column) => column !== undefined) };
}

async function readServer(client: pg.ClientBase): Promise<Omit<DatabaseCatalog, 'tables'>> {
  const { rows } = await client.query<{
    database: string;
    role: string;
    version: number;
    walLevel: string;
  }>(
    `SELECT current_database() AS database, current_user AS role, current_setting('server_version_num')::int AS version,
            current_setting('wal_level') AS "walLevel"`,
  );
  const [server] = rows;
  if (!server) throw new Error('no answer about the server');
  const functions = await client.query<{ name: string }>(
    `SELECT DISTINCT proname AS name FROM pg_proc WHERE provolatile = 'v' AND prokind = 'f'
        AND prorettype <> 'trigger'::regtype`,
  );
  return {
    database: server.database,
    role: server.role,
    serverVersion: server.version,
    walLevel: server.walLevel,
    systemIdentifier: await readSystemIdentifier(client),
    volatileFunctions: new Set(functions.rows.map((row) => row.name)),
  };
}
