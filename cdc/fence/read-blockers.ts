/** Who keeps a turn of the fence waiting: holders of the writers' lock, and a program that has taken it by accident. */
import type pg from 'pg';
import type { DrainBlocker } from './fence.ts';

/**
 * The oldest transaction first. A prepared one has no process: it is found by the lock on its own transaction id, as the
 * name of its virtual transaction changes with a restart.
 */
export async function readBlockers(client: pg.ClientBase, key: string): Promise<readonly DrainBlocker[]> {
  const { rows } = await client.query<DrainBlocker>(
    `SELECT l.pid, p.gid AS prepared, coalesce(p.owner, a.usename)::text AS user, nullif(a.application_name, '') AS application,
            host(a.client_addr) AS address, a.state, left(a.query, 300) AS query,
            (extract(epoch FROM clock_timestamp() - coalesce(p.prepared, a.xact_start)) * 1000)::float8 AS "openForMs"
       FROM pg_locks l
       LEFT JOIN pg_stat_activity a ON a.pid = l.pid
       LEFT JOIN LATERAL (
            SELECT x.* FROM pg_prepared_xacts x
              JOIN pg_locks own ON own.locktype = 'transactionid' AND own.transactionid = x.transaction AND own.granted
             WHERE l.pid IS NULL AND own.virtualtransaction = l.virtualtransaction LIMIT 1) AS p ON true
      WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.pid IS DISTINCT FROM pg_backend_pid()
      ORDER BY coalesce(p.prepared, a.xact_start)`,
    [key],
  );
  return rows;
}

/** `process 4711 (role “shop”, application “psql”, idle in transaction, for 35 s)` */
export function describeDrainBlocker(blocker: DrainBlocker): string {
  const { pid, prepared, user, application, state, openForMs } = blocker;
  const facts = [
    user && `role “${user}”`,
    application && `application “${application}”`,
    prepared === null && state,
    openForMs !== null && `for ${Math.round(openForMs / 1000)} s`,
  ].filter((fact) => fact);
  const who = prepared === null ? `process ${pid ?? 'unknown'}` : `prepared transaction “${prepared}”`;
  return facts.length === 0 ? who : `${who} (${facts.join(', ')})`;
}
