/** Transactions that would keep a fence's drain, its triggers or a new slot waiting. Read-only; for every role. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { OpenTransaction, VacuumNeed } from './arm-facts.ts';

/** Ordinary transactions have ended by then. */
const LONG_SECONDS = 5;
/** Of other roles' transactions the age may be hidden: those that are still open after this time count. */
const LOOK_AGAIN_MS = 1_000;

/** `part`: the oids of the tables in `$1` (`schema.table`), and of all that inherit from them, with the table's name. */
export const TREE = `part AS (
    SELECT c.oid, n.nspname || '.' || c.relname AS root FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname || '.' || c.relname = ANY($1)
    UNION SELECT i.inhrelid, part.root FROM part JOIN pg_inherits i ON i.inhparent = part.oid
  )`;

// A reader's locks (AccessShare, RowShare) keep no writer waiting. Of a prepared transaction pg_locks shows no process: it is
// found by its transaction's own lock.
const TRANSACTIONS_SQL = `
  WITH RECURSIVE ${TREE}, lock AS MATERIALIZED (
    SELECT l.*, x.transaction AS prepared FROM pg_locks l
      LEFT JOIN LATERAL (SELECT own.transactionid AS transaction FROM pg_locks own
        WHERE l.pid IS NULL AND own.virtualtransaction = l.virtualtransaction AND own.locktype = 'transactionid' AND own.granted LIMIT 1) x ON true
     WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
  ), held AS (
    SELECT l.pid, l.prepared, part.root FROM lock l JOIN part ON part.oid = l.relation
     WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
  )
  SELECT a.pid, p.gid, coalesce(p.owner, a.usename)::text AS role, nullif(a.application_name, '') AS application, a.state,
         round(extract(epoch FROM clock_timestamp() - coalesce(p.prepared, a.xact_start)))::int AS seconds,
         array(SELECT DISTINCT h.root FROM held h WHERE CASE WHEN t.pid IS NULL THEN h.prepared = t.prepared ELSE h.pid = t.pid END ORDER BY 1) AS tables,
         EXISTS (SELECT FROM lock l WHERE l.locktype = 'transactionid' AND CASE WHEN t.pid IS NULL THEN l.transactionid = t.prepared ELSE l.pid = t.pid END) AS "hasWritten",
         coalesce(p.database, a.datname) IS NOT DISTINCT FROM current_database() AS here,
         (SELECT min(l.virtualtransaction) FROM lock l WHERE l.pid = t.pid) AS identity
    FROM (SELECT pid, prepared FROM held UNION SELECT pid, CASE WHEN pid IS NULL THEN transactionid END FROM lock WHERE locktype = 'transactionid') t
    LEFT JOIN pg_stat_activity a ON a.pid = t.pid
    LEFT JOIN pg_prepared_xacts p ON t.pid IS NULL AND p.transaction = t.prepared
   WHERE NOT (a.pid IS NOT NULL AND a.usesysid IS NULL)
     AND (p.gid IS NOT NULL OR a.xact_start IS NULL OR a.xact_start < clock_timestamp() - make_interval(secs => $2))
     AND (a.application_name IS NULL OR a.application_name <> 'ficus' AND NOT starts_with(a.application_name, 'ficus '))
   ORDER BY coalesce(p.prepared, a.xact_start) LIMIT 50`;

/** @param tables `schema.table` @param longSeconds how old a session's transaction must be; prepared ones count at once */
export async function readTransactions(
  client: pg.ClientBase,
  tables: readonly string[],
  longSeconds = LONG_SECONDS,
): Promise<OpenTransaction[]> {
  const look = async () => (await client.query<TransactionRow>(TRANSACTIONS_SQL, [tables, longSeconds])).rows;
  const rows = await look();
  const hidden = new Set(rows.filter(isHidden).map(({ identity }) => identity));
  if (hidden.size === 0) return rows.map(withoutIdentity);
  await sleep(LOOK_AGAIN_MS);
  const again = await look();
  return again.filter((row) => !isHidden(row) || hidden.has(row.identity)).map(withoutIdentity);
}

/** `identity`: of the transaction, as its session may have another one by now. */
type TransactionRow = OpenTransaction & { readonly identity: string | null };

const isHidden = ({ gid, seconds }: TransactionRow): boolean => gid === null && seconds === null;
const withoutIdentity = ({ identity: _, ...transaction }: TransactionRow): OpenTransaction => transaction;

/** How near each table is to an autovacuum that does not give way. */
export async function readVacuums(client: pg.ClientBase, tables: readonly string[]): Promise<VacuumNeed[]> {
  const { rows } = await client.query<VacuumNeed>(
    `WITH RECURSIVE ${TREE}
     SELECT part.root AS table, max(age(c.relfrozenxid))::int AS age,
            min(least(current_setting('autovacuum_freeze_max_age')::int, coalesce((
              SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_freeze_max_age'), 2000000000)))::int AS bound,
            bool_or(EXISTS (SELECT FROM pg_stat_progress_vacuum v JOIN pg_stat_activity a ON a.pid = v.pid AND a.backend_type = 'autovacuum worker'
                             WHERE v.relid = c.oid AND v.datname = current_database())) AS running
       FROM part JOIN pg_class c ON c.oid = part.oid AND c.relkind IN ('r', 'm') GROUP BY part.root ORDER BY 1`,
    [tables],
  );
  return rows;
}
