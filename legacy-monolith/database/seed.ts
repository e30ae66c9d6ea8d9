/**
 * Fills the shop with the same customers, orders and notifications on every machine: plain SQL over generate_series and
 * md5, no randomness and no clock. One transaction: a seed is complete or absent.
 *
 * Called by the launcher on first start, by tests at a small scale, and by hand: node legacy-monolith/seed.ts
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { readIndexes } from './apply-schema.ts';

export interface SeedOptions {
  /** 1 is 20,000 customers, 200,000 orders and 500,000 notifications. */
  readonly scale?: number;
  /** Called before each step and at the end, with the share that is done (0 to 1). */
  readonly onProgress?: (step: string, done: number) => void;
  /** Stops at once; the shop is as it was before. */
  readonly signal?: AbortSignal;
}

export interface SeedResult {
  readonly customers: number;
  readonly orders: number;
  readonly notifications: number;
  readonly durationMs: number;
}

/** Steps with their measured share of the whole. */
const STEPS = [
  { name: 'clearing', file: '010-before-load.sql', share: 0.02 },
  { name: 'customers', file: '020-customers.sql', share: 0.05 },
  { name: 'catalog', file: '030-catalog.sql', share: 0.02 },
  { name: 'orders', file: '040-orders.sql', share: 0.36 },
  { name: 'notifications', file: '050-notifications.sql', share: 0.35 },
  { name: 'keys', file: '090-after-load.sql', share: 0.1 },
] as const;

/** Replaces all rows of the shop; the schema must be there (`applySchema`). */
export async function seed(url: string, options: SeedOptions = {}): Promise<SeedResult> {
  const scale = options.scale ?? 1;
  if (!(scale > 0 && scale <= 100))
    throw new RangeError(`scale must be above 0 and at most 100, not ${scale}`);
  const sizes = {
    customers: Math.max(20, Math.round(20_000 * scale)),
    products: Math.max(50, Math.round(2000 * Math.min(1, scale * 5))),
    orders: Math.max(100, Math.round(200_000 * scale)),
    notifications: Math.max(500, Math.round(500_000 * scale)),
  };
  const started = performance.now();
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  // During a query, pg drops the connection rather than wait for it.
  const giveUp = () => void client.end().catch(() => undefined);
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    options.signal?.throwIfAborted();
    let done = 0;
    await client.query('BEGIN');
    for (const step of STEPS) {
      options.onProgress?.(step.name, done);
      await client.query(fill(step.file, { ...sizes, scale }));
      done += step.share;
    }
    options.onProgress?.('indexes', done);
    await client.query(readIndexes());
    await client.query('COMMIT');
    await client.query('ANALYZE');
    options.onProgress?.('done', 1);
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
    await client.end();
  }
  const { customers, orders, notifications } = sizes;
  return { customers, orders, notifications, durationMs: Math.round(performance.now() - started) };
}

/** Whether the shop has been seeded, at any scale. False as well when there is no schema yet. */
export async function isSeeded(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    const table = await client.query("SELECT to_regclass('public.seeded') IS NOT NULL AS there");
    if (!table.rows[0]?.there) return false;
    return ((await client.query('SELECT 1 FROM seeded LIMIT 1')).rowCount ?? 0) > 0;
  } finally {
    await client.end();
  }
}

/** The file's statements with `:name` replaced; `::` casts stay. */
function fill(file: string, values: Readonly<Record<string, number>>): string {
  const text = readFileSync(new URL(`./seed/${file}`, import.meta.url), 'utf8');
  return text.replace(/(?<!:):([a-z]+)\b/g, (found, name: string) => {
    const value = values[name];
    return value === undefined ? found : String(value);
  });
}
