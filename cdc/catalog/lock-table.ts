/**
 * A snapshot sees a table as empty when TRUNCATE or ALTER TABLE rewrote it after the snapshot was taken (PostgreSQL
 * documentation, "Caveats" of multiversion concurrency). Readers with an older snapshot lock the table here first and
 * learn whether that happened.
 */
import type pg from 'pg';

interface LockedTable {
  readonly oid: number;
  /** Quoted for SQL. */
  readonly sql: string;
}

/**
 * Keeps the table from being rewritten until the transaction ends; returns whether it was rewritten after the snapshot.
 */
export async function lockAndFindRewritten(client: pg.ClientBase, table: LockedTable): Promise<boolean> {
  await client.query(`LOCK TABLE ${table.sql} IN ACCESS SHARE MODE`);
  // Compares the catalog as the snapshot sees it with its present state.
  const { rows } = await client.query<{ rewritten: boolean | null }>(
    `SELECT bool_or(c.relfilenode <> pg_relation_filenode(c.oid)) AS rewritten FROM pg_class AS c
      WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid))`,
    [table.oid],
  );
  return rows[0]?.rewritten === true;
}
