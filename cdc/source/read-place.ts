/** Where a stream runs, for the suffix of its names. */
import type pg from 'pg';
import { readSystemIdentifier } from '../catalog/read-system-identifier.ts';

/** The same for every process of this stream, and different for every other stream of the cluster. */
export async function readPlace(source: pg.Client, target: pg.Client): Promise<string> {
  const query = `SELECT current_database() AS name, oid::text FROM pg_database WHERE datname = current_database()`;
  const from = (await source.query(query)).rows[0];
  const to = (await target.query(query)).rows[0];
  // The first database of each new cluster has the same oid, and often the same name.
  const cluster = (await readSystemIdentifier(target)) ?? '';
  return `${from.name} ${from.oid} ${to.name} ${to.oid} ${cluster}`;
}
