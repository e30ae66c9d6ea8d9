/**
 * A partition that is attached brings rows along, and no change of them is in any change stream. Rows that were written
 * after it was attached are: a partition that is created with its table, or attached empty, is none to copy again for.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import type { TableStorage } from '../catalog/table-storage.ts';
import type { SourcePlan } from '../mapping/table-plan.ts';

/**
 * The last link between a partition and its table to be made by ATTACH, and what the partition holds of the table. CREATE …
 * PARTITION OF makes columns that are inherited from the start; ATTACH writes them again.
 */
const LINK = `
  WITH RECURSIVE up AS (
    SELECT xmin, cmin, inhrelid, inhparent FROM pg_inherits WHERE inhrelid = $1::oid
    UNION ALL SELECT i.xmin, i.cmin, i.inhrelid, i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.inhparent AND up.inhparent <> $2::oid)
  SELECT $1::regclass::text AS name, pg_get_partition_constraintdef($1::oid) AS holds, xmin::text, cmin::text,
         EXISTS (SELECT FROM pg_attribute made WHERE made.attrelid = $1::oid AND made.attnum = -1 AND made.xmin = up.xmin) AS "isNew"
    FROM up
   WHERE NOT EXISTS (
     SELECT FROM pg_attribute a JOIN pg_attribute made ON made.attrelid = a.attrelid AND made.attnum = -1
      WHERE a.attrelid = up.inhrelid AND a.attnum > 0 AND a.attinhcount > 0 AND a.xmin = made.xmin AND a.cmin = made.cmin)
   ORDER BY age(xmin), cmin::text::int8 DESC LIMIT 1`;

interface Link {
  readonly name: string;
  readonly holds: string | null;
  readonly xmin: string;
  readonly cmin: string;
  /** The transaction that made the link has made the partition, too: no other one had rows in it before. */
  readonly isNew: boolean;
}

/**
 * @param before the table's parts when its rows were last known to be right
 * @throws FicusError that names a partition that has rows of before it was attached
 */
export async function refuseAttached(
  source: pg.ClientBase,
  plan: SourcePlan,
  before: TableStorage | undefined,
  now: TableStorage,
): Promise<void> {
  if (before?.links === undefined) return;
  for (const [oid, link] of Object.entries(now.links ?? {})) {
    if (before.links[oid] === link) continue;
    const { rows } = await source.query<Link>(LINK, [oid, plan.oid]);
    if (!rows[0] || !(await hasEarlierRows(source, plan, oid, rows[0]))) continue;
    throw new FicusError(
      'FICUS_CDC_SCHEMA_CHANGED',
      `Partition ${rows[0].name} was attached to ${plan.qualifiedName} with rows that it had before; they are not in the stream: copy again: ficus copy SLICE --restart.`,
      { details: { source: plan.qualifiedName } },
    );
  }
}

/** Asks the table, for whose rows the role has its privilege; what the partition holds keeps the others from being read. */
async function hasEarlierRows(
  source: pg.ClientBase,
  { sql }: SourcePlan,
  oid: string,
  { holds, xmin, cmin, isNew }: Link,
): Promise<boolean> {
  const { rows } = await source.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM ${sql} WHERE tableoid = $1::oid AND (${holds ?? 'true'})
        AND ((age(xmin) > age($2::xid) AND NOT $4::boolean) OR (xmin = $2::xid AND cmin::text::int8 < $3::int8))) AS found`,
    [oid, xmin, cmin, isNew],
  );
  return rows[0]?.found === true;
}
