/**
 * Hashes of rows, computed in the database. Each column is hashed with its own seed and the result is mixed once more,
 * so that values swapped within a row or between rows do not cancel out in a sum.
 */
import type pg from 'pg';

/**
 * `native`: PostgreSQL's 64-bit hash functions; fast, but usable only when both servers compute the same, which
 * chooseHash checks. `md5`: the same everywhere, slower.
 */
export type HashMethod = 'native' | 'md5';

/** SQL for the bigint hash of text columns. */
export function hashOf(columns: readonly string[], method: HashMethod): string {
  if (method === 'md5')
    return `('x' || left(md5(convert_to(ROW(${columns.join(', ')})::text, 'UTF8')), 16))::bit(64)::bigint`;
  const parts = columns.map(
    (column, place) =>
      `coalesce(hashtextextended(${column} COLLATE "C", ${place + 1}), ${place * 7919 + 104729})`,
  );
  return `hashint8extended(${parts.join(' # ')}, 0)`;
}

/** Whether both databases hash alike: versions, machines and encodings may differ. */
export async function chooseHash(source: pg.ClientBase, target: pg.ClientBase): Promise<HashMethod> {
  const probe = `SELECT current_setting('server_encoding') || array_agg(${hashOf(['a', 'b'], 'native')} ORDER BY n)::text AS hashes
    FROM (SELECT n, repeat('Ficus ', n) || n AS a, NULLIF(n::text, '5') AS b FROM generate_series(0, 40) AS n) AS probe`;
  const [one, other] = await Promise.all([
    source.query<{ hashes: string }>(probe),
    target.query<{ hashes: string }>(probe),
  ]);
  return one.rows[0]?.hashes === other.rows[0]?.hashes ? 'native' : 'md5';
}
