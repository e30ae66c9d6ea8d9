/**
 * Creates a replication slot that can be decoded. PostgreSQL misses a TRUNCATE, ALTER or CREATE TABLE that is committed
 * while a new slot builds its first snapshot: changes of overlapping transactions are then decoded with the old
 * catalog, and mostly fail forever (pgsql-hackers, "Historic snapshot doesn't track txns committed in BUILDING_SNAPSHOT
 * state"; in 15 to 18 at least). The slot is still unused, so it is created again until no table has changed meanwhile.
 * Any table of the database counts, because all are decoded before the publication filters.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import { describeNoRoom } from './no-room.ts';
import { dropSlot } from './slot.ts';

const ATTEMPTS = 10;

/**
 * Creates the slot; on 17 and later one that follows a failover. Returns its consistent point, `X/Y`.
 * @throws FicusError when tables change all the time
 */
export async function createSlot(
  client: pg.ClientBase,
  name: string,
  serverVersion: number,
): Promise<string> {
  const failover = serverVersion >= 170_000 ? ', failover => true' : '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await readTableShapes(client);
    const { rows } = await client
      .query(
        `SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'pgoutput', false, false${failover})`,
        [name],
      )
      .catch((error) => {
        throw describeNoRoom(error);
      });
    if ((await readTableShapes(client)) === before) return rows[0].lsn as string;
    await dropSlot(client, name);
  }
  throw new FicusError(
    'FICUS_CDC_SOURCE_UNSETTLED',
    `Tables of the source were created, altered or truncated during each of ${ATTEMPTS} attempts to create the slot “${name}”.`,
  );
}

/** One value for the files and columns of all tables, which changes with any of them. */
async function readTableShapes(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query(
    `SELECT count(*) || ' ' || coalesce(sum(hashtextextended(line, 0)), 0) AS shapes
       FROM (SELECT format('%s %s %s', oid, relfilenode, xmin) AS line FROM pg_class WHERE relpersistence = 'p'
             UNION ALL
             SELECT format('%s.%s %s', attrelid, attnum, a.xmin) FROM pg_attribute AS a
               JOIN pg_class AS c ON c.oid = attrelid WHERE relpersistence = 'p') AS shapes`,
  );
  return rows[0].shapes as string;
}
