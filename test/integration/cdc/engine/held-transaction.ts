/** A transaction that a test keeps open for as long as it wants, on a separate connection. */
import pg from 'pg';

export interface HeldTransaction {
  readonly xid: string;
  query(sql: string): Promise<void>;
  /** Commits and ends the connection. */
  commit(): Promise<void>;
  /** Ends the connection, and with it the open transaction. */
  end(): Promise<void>;
}

export async function holdTransaction(connectionString: string, ...sql: string[]): Promise<HeldTransaction> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN');
  for (const statement of sql) await client.query(statement);
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  return {
    xid: rows[0]?.xid ?? '',
    query: async (statement) => void (await client.query(statement)),
    async commit() {
      await client.query('COMMIT');
      await client.end();
    },
    end: () => client.end().catch(() => undefined),
  };
}

/** Whether a replication slot is being created and waits for the end of this transaction. */
export async function slotWaitsFor(client: pg.ClientBase, xid: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_replication_slots AS s JOIN pg_locks AS l ON l.pid = s.active_pid
      WHERE s.database = current_database() AND l.locktype = 'transactionid' AND NOT l.granted AND l.transactionid = $1::xid8::xid`,
    [xid],
  );
  return (rowCount ?? 0) > 0;
}
