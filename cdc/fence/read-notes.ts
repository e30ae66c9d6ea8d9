/** The notes of writers that an observing fence has made. */
import type pg from 'pg';
import type { WriterNote } from './fence.ts';

/** Oldest first. A table that was dropped since is named by its number. */
export async function readNotes(
  client: pg.ClientBase,
  slice: string,
  most: number,
): Promise<readonly WriterNote[]> {
  const { rows } = await client.query<WriterNote>(
    `SELECT s.key::text, coalesce(format('%s.%s', n.nspname, c.relname), s.rel::text) AS table, s.op AS statement,
            s.login::text AS user, s.app AS application, host(s.addr) AS address, s.pid, s.query,
            (extract(epoch FROM s.xact) * 1000)::float8 AS "transactionAtMs", (extract(epoch FROM s.at) * 1000)::float8 AS "writtenAtMs"
       FROM ficus_fence.seen s LEFT JOIN pg_class c ON c.oid = s.rel LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE s.slice = $1 ORDER BY s.at LIMIT $2`,
    [slice, most],
  );
  return rows;
}
