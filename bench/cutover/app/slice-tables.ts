/** The monolith's two tables of the slice `notifications`, on the databases of a subject. */
import { applySchema } from '@ficus-sample/legacy-monolith';
import type pg from 'pg';
import { INSERT_PREFIX, MARK_PREFIX } from '../load/notification-requests.ts';

export const SLICE_TABLES = ['notifications', 'notification_preferences'] as const;

/** The role of the application, and of everything else that writes directly. */
export const APP_ROLE = 'shop';

/** $1 is the title, $2 the customer. */
export const NOTE_INSERT = `INSERT INTO notifications (customer_id, kind, channel, title, body, digest)
  VALUES ($2, 'account_notice', 'web', $1, '', '')`;

/**
 * The monolith's schema, without the references of the slice's tables to other ones: only these two are kept in step.
 */
export async function createTables(database: pg.Client, url: string): Promise<void> {
  await applySchema(url);
  const { rows } = await database.query<{ table: string; name: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name FROM pg_constraint
     WHERE contype = 'f' AND conrelid = ANY ($1::regclass[])`,
    [[...SLICE_TABLES]],
  );
  for (const { table, name } of rows) await database.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  await admitRole(database);
}

/** A recipe may have made the role read-only on this cluster, when its database was the old one. */
async function admitRole(database: pg.Client): Promise<void> {
  const there = await database.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [APP_ROLE]);
  if (there.rowCount === 0) await database.query(`CREATE ROLE ${APP_ROLE} LOGIN`);
  await database.query(`ALTER ROLE ${APP_ROLE} RESET default_transaction_read_only`);
  await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${APP_ROLE}`);
  await database.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${APP_ROLE}`);
}

/** The URL of a database, for the application's role. */
export function asApp(url: string): string {
  const own = new URL(url);
  own.username = APP_ROLE;
  return own.href;
}

/** Number and checksum of the rows, whatever their order. */
export async function fingerprint(database: pg.Client): Promise<string> {
  const parts = await Promise.all(
    SLICE_TABLES.map(async (table) => {
      const { rows } = await database.query<{ print: string }>(
        `SELECT concat(count(*), ':', sum(hashtextextended(row::text, 0))) AS print FROM ${table} AS row`,
      );
      return `${table} ${rows[0]!.print}`;
    }),
  );
  return parts.join(', ');
}

/** @param lastSeeded the highest id of the seed, all of whose rows were unread when the run began */
export async function findWrites(database: pg.Client, lastSeeded: number): Promise<Map<string, number>> {
  const { rows } = await database.query<{ key: string; count: number }>(
    `SELECT title AS key, count(*)::int AS count FROM notifications WHERE starts_with(title, $1) GROUP BY title
     UNION ALL SELECT $2 || id, 1 FROM notifications WHERE is_read AND id <= $3`,
    [INSERT_PREFIX, MARK_PREFIX, lastSeeded],
  );
  return new Map(rows.map(({ key, count }) => [key, count]));
}
