/** Until the server has ended the session of a stream that has stopped, no one else can read its slot. */
import type pg from 'pg';
import { expect } from 'vitest';

const IN_USE = 'SELECT FROM pg_replication_slots WHERE active AND database = current_database()';

/** Resolves once no session reads a slot of this database: at once on a machine that is not busy. */
export async function released(source: pg.Client): Promise<void> {
  await expect.poll(async () => (await source.query(IN_USE)).rowCount).toBe(0);
}
