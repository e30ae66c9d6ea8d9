/**
 * To a snapshot a table is empty that TRUNCATE or ALTER TABLE has rewritten since it was taken (PostgreSQL documentation,
 * "Caveats" of multiversion concurrency). Who reads in an older snapshot locks the table here first, and learns of it.
 */
import type pg from 'pg';

export interface LockedTable {
  readonly oid: number;
  /** Quoted for SQL. */
  readonly sql: string;
}

/** Keeps the table from being rewritten until the end of the transaction; answers whether it was, since the snapshot. */
export async function lockAndFindRewritten(client: pg.ClientBase, table: LockedTable): Promise<boolean> {
  await client.query(`LOCK TABLE ${table.sql} IN ACCESS SHARE MODE`);
  // The catalog as the snapshot has it, beside what is true now.
  const { rows } = await client.query<{ rewritten: boolean | null }>(
    `SELECT bool_or(c.relfilenode <> pg_relation_filenode(c.oid)) AS rewritten FROM pg_class AS c
      WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid))`,
    [table.oid],
  );
  return rows[0]?.rewritten === true;
}
