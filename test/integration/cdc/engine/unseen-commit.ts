/**
 * A transaction that is committed and in the change stream, but that no session sees yet: its COMMIT waits for a
 * synchronous standby which does not exist. Such a moment always lies between a commit record in the WAL and its
 * visibility; this holds it open.
 */
import pg from 'pg';
import { expect } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';

/** A cluster in which only sessions that request it wait for the standby. */
export function startWaitingCluster(): Promise<OwnCluster> {
  return startOwnCluster('unseen', { synchronous_standby_names: 'nobody', synchronous_commit: 'local' });
}

export interface UnseenCommit {
  /** Everybody sees it now. */
  show(): Promise<void>;
}

export async function commitUnseen(
  observer: pg.ClientBase,
  connectionString: string,
  sql: string,
): Promise<UnseenCommit> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid;
  await client.query('BEGIN; SET LOCAL synchronous_commit = on');
  await client.query(sql);
  const committed = client.query('COMMIT');
  committed.catch(() => undefined);
  const waits = () =>
    observer.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'`, [pid]);
  await expect.poll(async () => (await waits()).rowCount).toBe(1);
  return {
    async show() {
      // It is committed in any case; this only ends the wait.
      await observer.query('SELECT pg_cancel_backend($1)', [pid]);
      await committed;
      await client.end();
    },
  };
}
