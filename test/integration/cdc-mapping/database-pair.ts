/** Two fresh databases of the shared cluster, a source and a target, for one test file; dropped afterwards. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface DatabasePair {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly source: pg.Client;
  readonly target: pg.Client;
  drop(): Promise<void>;
}

/** Creates both databases on the cluster at `port` (the source on that at `sourcePort`) and connects to each. */
export async function createDatabasePair(port: number, sourcePort = port): Promise<DatabasePair> {
  const id = randomBytes(6).toString('hex');
  const source = await createDatabase(sourcePort, `source_${id}`);
  const target = await createDatabase(port, `target_${id}`);
  return {
    sourceUrl: source.url,
    targetUrl: target.url,
    source: source.client,
    target: target.client,
    async drop() {
      await source.drop();
      await target.drop();
    },
  };
}

async function createDatabase(port: number, name: string) {
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const asAdmin = async (work: (admin: pg.Client) => Promise<unknown>) => {
    const admin = new pg.Client({ connectionString: urlOf('postgres') });
    await admin.connect();
    await work(admin).finally(() => admin.end());
  };
  await asAdmin((admin) => admin.query(`CREATE DATABASE ${name} STRATEGY FILE_COPY`));
  const client = new pg.Client({ connectionString: urlOf(name) });
  // A cluster that the test itself stops takes its connections along.
  client.on('error', () => undefined);
  await client.connect();
  return {
    url: urlOf(name),
    client,
    async drop() {
      await client.end().catch(() => undefined);
      await asAdmin((admin) => dropWithSlots(admin, name));
    },
  };
}

async function dropWithSlots(admin: pg.Client, name: string): Promise<void> {
  await admin.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1 AND active_pid IS NOT NULL`,
    [name],
  );
  for (let slots = 1; slots > 0; ) {
    const left = await admin.query<{ slot_name: string; active: boolean }>(
      'SELECT slot_name, active FROM pg_replication_slots WHERE database = $1',
      [name],
    );
    slots = left.rows.length;
    for (const slot of left.rows)
      if (!slot.active) await admin.query('SELECT pg_drop_replication_slot($1)', [slot.slot_name]);
  }
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
