/**
 * Triggers of a slice's tables that the stream does not fire, and that do something elsewhere: counters, audit, search
 * indexes, NOTIFY. Read-only; needs no privilege beyond connecting.
 */
import type pg from 'pg';
import { NOT_OF_FENCE } from '../catalog/fence-triggers-sql.ts';
import type { SilentTrigger } from './arm-facts.ts';
import { TREE } from './read-transactions.ts';

/**
 * A trigger BEFORE each row that only changes that row is none: the new owner has made the row's values. Whether it does
 * more is a guess, by its function's text.
 */
const ACTS = String.raw`\m(insert|update|delete|merge|truncate|notify|pg_notify|perform|execute)\M`;

/** tgtype: 1 for each row, 2 before, 64 instead of. */
export async function readSilentTriggers(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<SilentTrigger[]> {
  const { rows } = await client.query<SilentTrigger>(
    `WITH RECURSIVE ${TREE}
     SELECT g.tgname::text AS name, n.nspname || '.' || c.relname AS table, format('%I.%I', n.nspname, c.relname) AS "tableSql"
       FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = g.tgfoid
      WHERE c.oid IN (SELECT oid FROM part) AND NOT g.tgisinternal AND g.tgenabled = 'O' AND g.tgparentid = 0 AND ${NOT_OF_FENCE}
        AND (g.tgtype & 2 = 0 OR coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* $2) ORDER BY 2, 1`,
    [tables, ACTS],
  );
  return rows;
}
