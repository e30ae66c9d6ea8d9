/** Identifies the cluster, from pg_control: unique except for physical copies of a cluster. */
import type pg from 'pg';

/** Undefined when the role may not read it. */
export async function readSystemIdentifier(client: pg.ClientBase): Promise<string | undefined> {
  const may = await client.query<{ may: boolean }>(
    "SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS may",
  );
  if (!may.rows[0]?.may) return undefined;
  const { rows } = await client.query<{ id: string }>(
    'SELECT system_identifier::text AS id FROM pg_control_system()',
  );
  return rows[0]?.id;
}
