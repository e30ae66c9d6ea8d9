/** The tables that an application of a database has; not those of PostgreSQL, of extensions, and of Ficus. */
import { CONTROL_SCHEMA, STREAM_SCHEMA } from '@ficus/core';
import type pg from 'pg';
import type { TableName } from './match-tables.ts';

/** Partitions belong to their parents. */
export async function listTables(client: pg.ClientBase): Promise<TableName[]> {
  const { rows } = await client.query<TableName>(
    `SELECT n.nspname AS schema, c.relname AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> ALL($1)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY 1, 2`,
    [['information_schema', STREAM_SCHEMA, CONTROL_SCHEMA]],
  );
  return rows;
}
