/**
 * What keeps a stream's sessions waiting on a server: another session's lock or transaction, a prepared transaction, a
 * standby. Read from the server's own views, which show these facts to every role.
 */
import type pg from 'pg';

/** Who is waited for. Of other roles' sessions the server hides state and age. */
export interface Blocker {
  readonly pid: number | null;
  readonly role: string | null;
  readonly application: string | null;
  readonly state: string | null;
  /** Age of its transaction. */
  readonly seconds: number | null;
  /** Of a prepared transaction. */
  readonly gid: string | null;
}

export type Wait =
  | { readonly kind: 'transaction'; readonly blocker: Blocker }
  | { readonly kind: 'lock'; readonly relation: string; readonly blocker: Blocker }
  /** Slots in synchronized_standby_slots whose standby is away. */
  | { readonly kind: 'standby'; readonly slots: readonly string[] };

type LockRow = Blocker & { readonly relation: string | null };

/** Of the session `a` or the prepared transaction `p`. */
const BLOCKER = `a.pid, coalesce(p.owner, a.usename) AS role, nullif(a.application_name, '') AS application, a.state, p.gid,
  round(extract(epoch FROM clock_timestamp() - coalesce(p.prepared, a.xact_start)))::int AS seconds`;

/** The first wait of the sessions of this application; undefined when none waits. */
export async function readWait(
  client: pg.ClientBase | pg.Pool,
  application: string,
): Promise<Wait | undefined> {
  const { rows } = await client.query<LockRow>(
    `SELECT ${BLOCKER}, l.relation::regclass::text AS relation
       FROM pg_stat_activity AS w
       JOIN pg_locks AS l ON l.pid = w.pid AND NOT l.granted
      CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocking(pid)
       LEFT JOIN pg_stat_activity AS a ON a.pid = blocking.pid
       LEFT JOIN LATERAL (
            SELECT x.* FROM pg_prepared_xacts AS x
              JOIN pg_locks AS own ON own.locktype = 'transactionid' AND own.transactionid = x.transaction AND own.granted
              JOIN pg_locks AS h ON h.pid IS NULL AND h.granted AND h.virtualtransaction = own.virtualtransaction
             WHERE blocking.pid = 0 AND h.locktype = l.locktype
               AND (h.relation, h.transactionid) IS NOT DISTINCT FROM (l.relation, l.transactionid) LIMIT 1) AS p ON true
      WHERE w.application_name = $1 AND w.datname = current_database() AND w.pid <> pg_backend_pid() AND a.application_name IS DISTINCT FROM $1
      ORDER BY l.waitstart LIMIT 1`,
    [application],
  );
  const [row] = rows;
  if (!row) return readStandbyWait(client, application);
  const { relation, ...blocker } = row;
  return relation === null ? { kind: 'transaction', blocker } : { kind: 'lock', relation, blocker };
}

/**
 * Who uses one of these tables (quoted for SQL), or a part of it; undefined when none is in use. The oldest transaction first,
 * an autovacuum last: it gives way, or no person can end it.
 * @param application whose own sessions do not count; without it, those of all others do
 */
export async function readUse(
  client: pg.ClientBase,
  tables: readonly string[],
  application?: string,
): Promise<Extract<Wait, { kind: 'lock' }> | undefined> {
  if (tables.length === 0) return undefined;
  const { rows } = await client.query<Blocker & { relation: string }>(
    `WITH RECURSIVE part AS (
       SELECT to_regclass(name)::oid AS oid FROM unnest($1::text[]) AS name
       UNION SELECT i.inhrelid FROM part JOIN pg_inherits i ON i.inhparent = part.oid
     )
     SELECT ${BLOCKER}, h.relation::regclass::text AS relation
       FROM part
       JOIN pg_locks AS h ON h.relation = part.oid AND h.granted AND h.pid IS DISTINCT FROM pg_backend_pid()
        AND h.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       LEFT JOIN pg_stat_activity AS a ON a.pid = h.pid
       LEFT JOIN LATERAL (
            SELECT x.* FROM pg_prepared_xacts AS x
              JOIN pg_locks AS own ON own.locktype = 'transactionid' AND own.transactionid = x.transaction AND own.granted
             WHERE h.pid IS NULL AND own.virtualtransaction = h.virtualtransaction LIMIT 1) AS p ON true
      WHERE $2::text IS NULL OR a.application_name IS DISTINCT FROM $2
      ORDER BY h.pid IS NOT NULL AND a.usesysid IS NULL, coalesce(p.prepared, a.xact_start) LIMIT 1`,
    [tables, application ?? null],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { relation, ...blocker } = row;
  return { kind: 'lock', relation, blocker };
}

/** Whether another session waits for what this one has locked or written. */
export async function isWaitedFor(client: pg.ClientBase): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_locks AS w WHERE NOT w.granted AND pg_backend_pid() = ANY (pg_blocking_pids(w.pid)) LIMIT 1',
  );
  return rowCount === 1;
}

/** Whether it is the server's own process: of those that hold locks on tables, only autovacuum's have no role. */
export const isAutovacuum = ({ pid, role }: Blocker): boolean => pid !== null && role === null;

/** Who runs one of these transactions, the oldest first; undefined when all have ended. */
export async function readTransactionWait(
  client: pg.ClientBase | pg.Pool,
  xids: readonly string[],
): Promise<Wait | undefined> {
  const [blocker] = await readOpen(client, 'AND x.transactionid::text = ANY($1)', [xids]);
  return blocker && { kind: 'transaction', blocker };
}

/** Transactions of the cluster that have written and have been open for this long: a new slot waits for them. */
export async function readLongTransactions(
  client: pg.ClientBase,
  seconds: number,
): Promise<readonly Blocker[]> {
  return readOpen(
    client,
    `AND coalesce(p.prepared, a.xact_start) < clock_timestamp() - make_interval(secs => $1) AND x.pid IS DISTINCT FROM pg_backend_pid()`,
    [seconds],
  );
}

async function readOpen(
  client: pg.ClientBase | pg.Pool,
  which: string,
  values: readonly unknown[],
): Promise<readonly Blocker[]> {
  const { rows } = await client.query<Blocker>(
    `SELECT ${BLOCKER}
       FROM pg_locks AS x
       LEFT JOIN pg_stat_activity AS a ON a.pid = x.pid
       LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
      WHERE x.locktype = 'transactionid' AND x.granted ${which}
      ORDER BY coalesce(p.prepared, a.xact_start) LIMIT 5`,
    [...values],
  );
  return rows;
}

async function readStandbyWait(
  client: pg.ClientBase | pg.Pool,
  application: string,
): Promise<Wait | undefined> {
  const { rows } = await client.query<{ waits: boolean }>(
    `SELECT current_setting('synchronized_standby_slots', true) IS NOT NULL AND EXISTS (
              SELECT FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()
                 AND wait_event = 'WaitForStandbyConfirmation') AS waits`,
    [application],
  );
  if (!rows[0]?.waits) return undefined;
  return { kind: 'standby', slots: await readAbsentStandbys(client) };
}

/** Slots that synchronized_standby_slots (17 and later) names and whose standby is not connected. */
export async function readAbsentStandbys(client: pg.ClientBase | pg.Pool): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT trim(both ' "' FROM name) AS name
       FROM unnest(string_to_array(nullif(current_setting('synchronized_standby_slots', true), ''), ',')) AS name
      WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = trim(both ' "' FROM name) AND s.active)`,
  );
  return rows.map(({ name }) => name);
}
