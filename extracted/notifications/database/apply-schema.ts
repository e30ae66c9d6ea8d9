/**
 * Brings a database to the service's schema: the numbered files of schema/ that it does not have yet, in order and
 * in one transaction. The tables stay empty: rows come by change data capture. May be called by several processes
 * at once, and again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

const SCHEMA_DIR = new URL('./schema/', import.meta.url);
const ADVISORY_LOCK = 0x07f1;

const STEPS = readdirSync(SCHEMA_DIR)
  .filter((name) => name.endsWith('.sql'))
  .sort()
  .map((name) => ({ name, version: Number.parseInt(name, 10), file: new URL(name, SCHEMA_DIR) }));

/** The version that this program needs. */
export const SCHEMA_VERSION = STEPS.at(-1)?.version ?? 0;

/** Applies what is missing; answers the version it found and the one it left. */
export async function applySchema(url: string): Promise<{ readonly from: number; readonly to: number }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const from = await versionIn(client);
    for (const step of STEPS.filter((step) => step.version > from)) {
      await client.query(readFileSync(step.file, 'utf8'));
      await client.query('INSERT INTO schema_version (version) VALUES ($1)', [step.version]);
    }
    await client.query('COMMIT');
    return { from, to: Math.max(from, SCHEMA_VERSION) };
  } finally {
    await client.end();
  }
}

/** Version of the schema in the database; 0 when there is none. */
export async function schemaVersion(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    const found = await client.query("SELECT to_regclass('public.schema_version') IS NOT NULL AS there");
    return found.rows[0]?.there ? await versionIn(client) : 0;
  } finally {
    await client.end();
  }
}

async function versionIn(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM schema_version',
  );
  return rows[0]?.version ?? 0;
}
