/**
 * A commit is in the WAL, and may have been streamed and applied, before other sessions see it: a synchronous standby
 * or a slow disk delays its visibility. A session's reads of the source can therefore be older than what an earlier
 * session, or the start of the slot, already counts as done. After this wait, readers see all of that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

const PAUSES_MS = [1, 2, 5, 10, 20, 50, 100];

/** Waits until the transactions now writing in this database have ended, or until stopped. */
export async function outliveOpenTransactions(
  source: pg.ClientBase,
  stopped: () => boolean,
  onWait: (transactions: readonly string[]) => void = () => undefined,
): Promise<void> {
  let open = await readOpenTransactions(source);
  for (let look = 0; open.size > 0 && !stopped(); look++) {
    if (look >= PAUSES_MS.length) onWait([...open]);
    await sleep(PAUSES_MS[look] ?? 100);
    const now = await readOpenTransactions(source);
    open = new Set([...open].filter((xid) => now.has(xid)));
  }
  onWait([]);
}

/** Locks are released after the transaction becomes visible, and every role may query them. */
async function readOpenTransactions(source: pg.ClientBase): Promise<Set<string>> {
  const { rows } = await source.query<{ xid: string }>(
    `SELECT DISTINCT x.transactionid::text AS xid FROM pg_locks AS x
       JOIN pg_locks AS r ON r.virtualtransaction = x.virtualtransaction AND r.locktype = 'relation'
        AND r.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      WHERE x.locktype = 'transactionid' AND x.granted`,
  );
  return new Set(rows.map((row) => row.xid));
}
