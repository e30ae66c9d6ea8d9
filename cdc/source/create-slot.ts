/**
 * Makes a replication slot that can be decoded. PostgreSQL loses sight of a TRUNCATE, ALTER or CREATE TABLE that is
 * committed while a new slot builds its first snapshot: what overlapping transactions then write is decoded with the
 * catalog of before, and mostly fails for ever (pgsql-hackers, "Historic snapshot doesn't track txns committed in
 * BUILDING_SNAPSHOT state"; in 15 to 18 at least). The slot is unused yet: it is made again until no table has
 * changed meanwhile. Any table of the database counts, because all are decoded before the publication chooses.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import { dropSlot } from './slot.ts';

const ATTEMPTS = 10;

/**
 * Creates the slot; on 17 and later one that follows a failover. Answers its consistent point, `X/Y`.
 * @throws FicusError when tables change all the time
 */
export async function createSlot(
  client: pg.ClientBase,
  name: string,
  serverVersion: number,
): Promise<string> {
  const failover = serverVersion >= 170_000 ? ', failover => true' : '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await readTableForms(client);
    const { rows } = await client.query(
      `SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'pgoutput', false, false${failover})`,
      [name],
    );
    if ((await readTableForms(client)) === before) return rows[0].lsn as string;
    await dropSlot(client, name);
  }
  throw new FicusError(
    'FICUS_CDC_SOURCE_UNSETTLED',
    `Tables of the source were created, altered or truncated during each of ${ATTEMPTS} attempts to create the slot “${name}”.`,
  );
}

/** One value for the files and columns of all tables: another one after any of them was changed. */
async function readTableForms(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query(
    `SELECT count(*) || ' ' || coalesce(sum(hashtextextended(line, 0)), 0) AS forms
       FROM (SELECT format('%s %s %s', oid, relfilenode, xmin) AS line FROM pg_class WHERE relpersistence = 'p'
             UNION ALL
             SELECT format('%s.%s %s', attrelid, attnum, a.xmin) FROM pg_attribute AS a
               JOIN pg_class AS c ON c.oid = attrelid WHERE relpersistence = 'p') AS forms`,
  );
  return rows[0].forms as string;
}
