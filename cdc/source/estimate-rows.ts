/** How many rows a table has, about, for progress. */
import type pg from 'pg';

/** Blocks that are read where statistics are missing; smaller tables are counted exactly. */
const SAMPLED_BLOCKS = 2_000;

/**
 * Statistics say how many rows a block had when they were made, and the table's size how many blocks it has now. A table
 * that was never analyzed, or only while it was empty, has none, and a partitioned one none of its own: then the first
 * blocks of each partition serve as a sample.
 */
export async function estimateRows(
  source: pg.ClientBase,
  { oid, sql }: { readonly oid: number; readonly sql: string },
): Promise<number> {
  const leaves = await source.query<{ blocks: number; density: number | null }>(
    `SELECT pg_relation_size(c.oid)::float8 / current_setting('block_size')::int AS blocks,
            CASE WHEN c.relpages > 0 AND c.reltuples > 0 THEN c.reltuples::float8 / c.relpages END AS density
       FROM (SELECT relid FROM pg_partition_tree($1::oid) WHERE isleaf UNION SELECT $1::oid) AS leaf
       JOIN pg_class AS c ON c.oid = leaf.relid WHERE c.relkind IN ('r', 'p')`,
    [oid],
  );
  const filled = leaves.rows.filter(({ blocks }) => blocks > 0);
  if (filled.every(({ density }) => density !== null))
    return Math.round(filled.reduce((sum, { blocks, density }) => sum + blocks * (density ?? 0), 0));
  const each = Math.max(1, Math.floor(SAMPLED_BLOCKS / filled.length));
  const sampled = await source.query<{ rows: number }>(
    `SELECT count(*)::float8 AS rows FROM ${sql} AS t WHERE t.ctid < '(${each},0)'`,
  );
  const blocks = filled.reduce((sum, leaf) => sum + leaf.blocks, 0);
  const read = filled.reduce((sum, leaf) => sum + Math.min(each, leaf.blocks), 0);
  return Math.round(((sampled.rows[0]?.rows ?? 0) * blocks) / read);
}
