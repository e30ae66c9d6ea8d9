/** Empty databases of a running cluster. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { dropSlot } from '../../cdc/source/slot.ts';

export interface EmptyDatabase {
  readonly url: string;
  /** With its replication slots, their readers, and all other sessions. */
  drop(): Promise<void>;
}

/** An empty database on the cluster at `port`, with a unique name that begins with `purpose`. */
export async function createEmptyDatabase(port: number, purpose: string): Promise<EmptyDatabase> {
  const name = `${purpose}_${randomBytes(6).toString('hex')}`;
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const asAdmin = async (work: (admin: pg.Client) => Promise<unknown>) => {
    const admin = new pg.Client({ connectionString: urlOf('postgres') });
    await admin.connect();
    await work(admin).finally(() => admin.end());
  };
  // By copying files: the default writes a whole template through the WAL.
  await asAdmin((admin) => admin.query(`CREATE DATABASE ${name} STRATEGY FILE_COPY`));
  return { url: urlOf(name), drop: () => asAdmin((admin) => dropWithSlots(admin, name)) };
}

async function dropWithSlots(admin: pg.Client, name: string): Promise<void> {
  const { rows } = await admin.query('SELECT slot_name FROM pg_replication_slots WHERE database = $1', [
    name,
  ]);
  for (const { slot_name: slot } of rows) await dropSlot(admin, slot);
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
