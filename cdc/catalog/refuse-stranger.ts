/**
 * A schema of Ficus's that another role has made first, or put something into under one of our names: a trigger, a view or a
 * function there would run with the rights of Ficus's role, which writes the tables of both sides. Asked of catalogs
 * alone, before anything in the schema is read. The fence's schema belongs to the tables' owner instead (strangerSql).
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';

/**
 * @param names of relations and functions that count; by default all that the schema has
 * @throws FicusError FICUS_SCHEMA_NOT_OWN
 */
export async function refuseStranger(
  client: pg.ClientBase,
  schema: string,
  names?: readonly string[],
): Promise<void> {
  const stranger = await findStranger(client, schema, names);
  if (stranger) throw stranger;
}

/** A stranger is an owner that could not become Ficus's role by itself. */
export async function findStranger(
  client: pg.ClientBase,
  schema: string,
  names?: readonly string[],
): Promise<FicusError | undefined> {
  const { rows } = await client.query<{ what: string; stranger: string; role: string }>(STRANGER_SQL, [
    schema,
    names ?? null,
  ]);
  const [found] = rows;
  if (!found) return undefined;
  const { what, stranger, role } = found;
  return new FicusError(
    'FICUS_SCHEMA_NOT_OWN',
    `${what} belongs to role ${stranger}, which may not act for role ${role}: what it has put there would run as ${role}.`,
    { details: { schema, role: stranger } },
  );
}

const STRANGER_SQL = `SELECT found.what, quote_ident(pg_get_userbyid(found.owner)) AS stranger, quote_ident(current_user) AS role
  FROM (SELECT 0, nspowner, format('Schema %I', nspname) FROM pg_namespace WHERE nspname = $1
    UNION ALL SELECT 1, relowner, format('%I.%I', $1::text, relname) FROM pg_class
      WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ($2::text[] IS NULL OR relname = ANY ($2))
    UNION ALL SELECT 1, proowner, format('%I.%I', $1::text, proname) FROM pg_proc
      WHERE pronamespace = to_regnamespace(quote_ident($1)) AND ($2::text[] IS NULL OR proname = ANY ($2))
    UNION ALL SELECT 2, p.proowner, format('What trigger %I of %I.%I runs', t.tgname, $1::text, c.relname) FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND NOT t.tgisinternal AND ($2::text[] IS NULL OR c.relname = ANY ($2))) AS found(rank, owner, what)
  WHERE NOT pg_has_role(found.owner, current_user, 'MEMBER') ORDER BY found.rank, found.what LIMIT 1`;
