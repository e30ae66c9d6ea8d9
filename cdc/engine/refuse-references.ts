/**
 * PostgreSQL empties no table to which another one refers, or to a part of which; CASCADE would take the service’s own
 * rows. What is printed runs as it is, whatever the search path of who runs it.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';

/** Of a partitioned table's foreign key, each partition has a copy, which goes with it: found by a copy, named by itself. */
const REFERENCES = `
  WITH RECURSIVE emptied AS (
    SELECT unnest($1::text[])::regclass::oid AS oid
    UNION SELECT i.inhrelid FROM emptied JOIN pg_inherits i ON i.inhparent = emptied.oid
  ), key AS (
    SELECT oid, conparentid FROM pg_constraint
     WHERE contype = 'f' AND confrelid IN (SELECT oid FROM emptied) AND conrelid NOT IN (SELECT oid FROM emptied)
    UNION SELECT parent.oid, parent.conparentid FROM key JOIN pg_constraint parent ON parent.oid = key.conparentid
  )
  SELECT quote_ident(f.conname) AS key, f.conrelid::regclass::text AS referring, f.confrelid::regclass::text AS referred,
         pg_get_constraintdef(f.oid) AS definition
    FROM key JOIN pg_constraint f ON f.oid = key.oid WHERE key.conparentid = 0
   ORDER BY 2, 1`;

interface Reference {
  readonly key: string;
  readonly referring: string;
  readonly referred: string;
  readonly definition: string;
}

/**
 * Needs an open transaction.
 * @param tables quoted for SQL
 * @throws FicusError that names what keeps the tables from being emptied
 */
export async function refuseReferences(target: pg.ClientBase, tables: readonly string[]): Promise<void> {
  // So that PostgreSQL writes every name with its schema.
  await target.query(`SAVEPOINT qualified; SET LOCAL search_path = ''`);
  const { rows } = await target.query<Reference>(REFERENCES, [tables]);
  await target.query('ROLLBACK TO qualified; RELEASE qualified');
  if (rows.length === 0) return;
  const found = rows.map(({ key, referring, referred, definition }) =>
    [
      `${referring} refers to ${referred}, which a new copy has to empty.`,
      `Before: ALTER TABLE ${referring} DROP CONSTRAINT ${key};`,
      `Afterwards: ALTER TABLE ${referring} ADD CONSTRAINT ${key} ${definition};`,
    ].join(' '),
  );
  throw new FicusError('FICUS_CDC_TARGET_REFERENCED', `Nothing was emptied or dropped. ${found.join(' ')}`);
}
