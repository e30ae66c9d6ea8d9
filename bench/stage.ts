/** Two clusters, source and target, with the same settings; each scenario of a benchmark creates its own databases in them. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';

export interface Stage {
  readonly source: EmbeddedCluster;
  readonly target: EmbeddedCluster;
  close(): Promise<void>;
}

/** Durability is PostgreSQL's default on both sides. */
const SETTINGS = { fsync: 'on', max_wal_size: '8GB', wal_keep_size: '0' };

/**
 * @param name of the benchmark: its folder under .ficus
 * @param more settings of both clusters
 */
export async function openStage(name: string, more: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const base = join(import.meta.dirname, '..', '.ficus', name, String(process.pid));
  const settings = { ...SETTINGS, ...more };
  await mkdir(base, { recursive: true, mode: 0o755 });
  const source = await startCluster({ dataDir: join(base, 'source'), settings });
  try {
    const target = await startCluster({ dataDir: join(base, 'target'), settings });
    return {
      source,
      target,
      close: async () => {
        await target.stop();
        await source.stop();
        await rm(base, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await source.stop();
    throw error;
  }
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Recreates the database and connects to it. */
export async function freshDatabase(cluster: EmbeddedCluster, name: string): Promise<pg.Client> {
  await cluster.dropDatabase(name);
  await cluster.createDatabase(name);
  return connect(cluster.url(name));
}

/** Polls every few milliseconds until the answer is true. */
export async function until(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Drops the slots of a database of the source, waiting for those still being released. */
export async function dropSlots(stage: Stage, database: string): Promise<void> {
  const admin = await connect(stage.source.url('postgres'));
  const dropped = async () => {
    await admin.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active AND database = $1`,
      [database],
    );
    const left = await admin.query('SELECT 1 FROM pg_replication_slots WHERE database = $1', [database]);
    return left.rowCount === 0;
  };
  await until(dropped, 30_000, 'slots to be dropped');
  await admin.end();
}
