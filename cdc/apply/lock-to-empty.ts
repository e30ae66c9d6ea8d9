/**
 * The lock that TRUNCATE needs. Whoever queues for it makes all later readers and writers of the table wait behind it,
 * for as long as a reader that came before takes. So ours queues for a moment only, and lets the others pass before it
 * asks again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

const PATIENCE_MS = 200;
const PAUSE_MS = 800;
/** Of a statement that took longer than its `statement_timeout`, which bounds the wait for all tables together. */
const CANCELED = '57014';

/**
 * Locks the tables (quoted for SQL) until the open transaction ends.
 * @param goesOn whether to ask again after an attempt in vain
 * @returns false when the tables were in use for all of that time; nothing is locked then
 */
export async function lockToEmpty(
  client: pg.ClientBase,
  tables: readonly string[],
  goesOn: () => boolean,
): Promise<boolean> {
  while (!(await tryLock(client, tables))) {
    if (!goesOn()) return false;
    await sleep(PAUSE_MS);
  }
  return true;
}

async function tryLock(client: pg.ClientBase, tables: readonly string[]): Promise<boolean> {
  await client.query('SAVEPOINT to_empty');
  await client.query(`SET LOCAL statement_timeout = ${PATIENCE_MS}`);
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
