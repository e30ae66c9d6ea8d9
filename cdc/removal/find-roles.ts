/** Roles that were made by hand from `ficus check --grants`: only an administrator may drop them. */
import type pg from 'pg';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { Remnant } from './removal-plan.ts';

/** Those of the server whose name says that they are Ficus's. */
export async function findRoles(client: pg.Client): Promise<Remnant[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'ficus\\_%' AND NOT rolsuper ORDER BY rolname`,
  );
  return rows.map(({ name }) => {
    const role = quoteIdentifier(name);
    return {
      what: `Role ${name} stays: an administrator drops it, when no other installation uses it. The first two statements are for each database of the server, the last one comes once.`,
      sql: `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role};`,
    };
  });
}
