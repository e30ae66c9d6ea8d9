/**
 * The lock that TRUNCATE needs. A session that queues for it makes all later readers and writers of the table wait behind it,
 * for as long as a reader that came before takes. So ours queues for a moment only, and lets the others pass before it
 * asks again. Only an autovacuum needs more: PostgreSQL ends it for a session that waits as long as deadlock_timeout.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { describeBlocker, endSql } from '../source/describe-wait.ts';
import { isAutovacuum, readUse } from '../source/read-waits.ts';

const PATIENCE_MS = 200;
const PAUSE_MS = 800;
/** Of a statement that took longer than its `statement_timeout`, which bounds the wait for all tables together. */
const CANCELED = '57014';

/**
 * Locks the tables (quoted for SQL) until the open transaction ends.
 * @param continues asked before each further attempt
 * @returns false when the tables were in use for all of that time; nothing is locked then
 */
export async function lockToEmpty(
  client: pg.ClientBase,
  tables: readonly string[],
  continues: () => boolean | Promise<boolean>,
): Promise<boolean> {
  if (await tryLock(client, tables, PATIENCE_MS)) return true;
  let mayEndVacuum = true;
  for (;;) {
    await sleep(PAUSE_MS);
    const endsVacuum = mayEndVacuum && (await onlyVacuumUses(client, tables));
    // One against the wraparound of transaction ids is not ended: once in vain, always in vain.
    if (endsVacuum) mayEndVacuum = false;
    const patienceMs = endsVacuum ? PATIENCE_MS + (await readDeadlockMs(client)) : PATIENCE_MS;
    if (!(await continues())) return false;
    if (await tryLock(client, tables, patienceMs)) return true;
  }
}

/** Who keeps the tables from being emptied, in a sentence, and what ends that. */
export async function describeUse(client: pg.ClientBase, tables: readonly string[]): Promise<string> {
  const use = await readUse(client, tables);
  return use
    ? `“${use.relation}” of the target is in use by ${describeBlocker(use.blocker)}. ${endSql(use.blocker)}`
    : `${tables.join(', ')} of the target is in use again and again.`;
}

async function onlyVacuumUses(client: pg.ClientBase, tables: readonly string[]): Promise<boolean> {
  const use = await readUse(client, tables);
  return use !== undefined && isAutovacuum(use.blocker);
}

async function readDeadlockMs(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    `SELECT extract(epoch FROM current_setting('deadlock_timeout')::interval)::float8 * 1000 AS ms`,
  );
  return rows[0]!.ms;
}

async function tryLock(
  client: pg.ClientBase,
  tables: readonly string[],
  patienceMs: number,
): Promise<boolean> {
  await client.query('SAVEPOINT to_empty');
  await client.query(`SET LOCAL statement_timeout = ${patienceMs}`);
  try {
    await client.query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query('RELEASE to_empty');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== CANCELED) throw error;
    await client.query('ROLLBACK TO to_empty');
    await client.query('RELEASE to_empty');
    return false;
  }
}
