/**
 * What PostgreSQL takes as a table's replica identity, as a lateral subquery for catalog queries. An index that was
 * dropped, is invalid or deferrable is none, whatever pg_class says.
 */

/** Of the relation `l` (pg_class): `isFull`, `columns`, and those of them that are `generated` or `virtual`. */
export const REPLICA_IDENTITY = `LATERAL (
  SELECT l.relreplident = 'f' AS "isFull",
         coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') AS columns,
         coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated <> ''), '{}') AS generated,
         coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = 'v'), '{}') AS virtual
    FROM pg_attribute a
   WHERE a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped AND (l.relreplident = 'f' OR EXISTS (
           SELECT FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS key(attnum, position)
            WHERE i.indrelid = l.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
              AND CASE l.relreplident WHEN 'i' THEN i.indisreplident WHEN 'd' THEN i.indisprimary ELSE false END
              AND key.position <= i.indnkeyatts AND key.attnum = a.attnum))) AS identity`;
