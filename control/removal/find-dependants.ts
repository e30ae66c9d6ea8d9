/** What others have put into the schema ficus_control, or built on its tables: it keeps the schema from being dropped. */
import { CONTROL_SCHEMA } from '@ficus/core';
import type pg from 'pg';
import { CONTROL_SEQUENCES, CONTROL_TABLES } from './slice-rows.ts';

const DEPENDANTS = `
  WITH space AS (SELECT oid FROM pg_namespace WHERE nspname = $1),
       own AS (SELECT oid FROM pg_class WHERE relnamespace = (SELECT oid FROM space) AND relname = ANY ($2)),
       part AS (SELECT objid AS oid FROM pg_depend
                 WHERE classid = 'pg_class'::regclass AND refobjid IN (SELECT oid FROM own) AND deptype IN ('a', 'i')),
       beside AS (SELECT classid, objid FROM pg_depend
                   WHERE refclassid = 'pg_namespace'::regclass AND refobjid = (SELECT oid FROM space) AND deptype = 'n'
                     AND NOT (classid = 'pg_class'::regclass AND objid IN (SELECT oid FROM own UNION SELECT oid FROM part))),
       view AS (SELECT 'pg_class'::regclass::oid AS classid, ev_class AS objid FROM pg_depend
                  JOIN pg_rewrite rule ON rule.oid = objid
                 WHERE classid = 'pg_rewrite'::regclass AND refobjid IN (SELECT oid FROM own)),
       key AS (SELECT 'pg_constraint'::regclass::oid AS classid, oid AS objid FROM pg_constraint
                WHERE contype = 'f' AND confrelid IN (SELECT oid FROM own) AND conrelid NOT IN (SELECT oid FROM own))
  SELECT pg_describe_object(classid, objid, 0) AS name
    FROM (SELECT classid, objid FROM beside UNION SELECT * FROM view UNION SELECT * FROM key) AS found ORDER BY 1`;

/** In PostgreSQL's words: `view report.flags`. */
export async function findDependants(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(DEPENDANTS, [
    CONTROL_SCHEMA,
    [...CONTROL_TABLES, ...CONTROL_SEQUENCES],
  ]);
  return rows.map(({ name }) => name);
}
