/** Two clusters, source and target, with the same settings; each scenario creates its own databases in them. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';

export interface Stage {
  readonly source: EmbeddedCluster;
  readonly target: EmbeddedCluster;
  close(): Promise<void>;
}

/** Durability is PostgreSQL's default on both sides; autovacuum is quiet so that rounds are alike. */
const SETTINGS = { fsync: 'on', autovacuum: 'off', max_wal_size: '8GB', wal_keep_size: '0' };

export async function openStage(): Promise<Stage> {
  const base = join(import.meta.dirname, '..', '..', '.ficus', 'bench-cdc', String(process.pid));
  await mkdir(base, { recursive: true, mode: 0o755 });
  const source = await startCluster({ dataDir: join(base, 'source'), settings: SETTINGS });
  try {
    const target = await startCluster({ dataDir: join(base, 'target'), settings: SETTINGS });
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

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
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
