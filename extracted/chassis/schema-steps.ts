/**
 * Brings a database to a program's schema: applies the missing numbered files of a folder, in order and in one
 * transaction. Several processes may call it at once, and again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

interface SchemaOptions {
  /** Folder of the files; a file's name begins with its version. */
  readonly folder: URL;
  /** Key of the advisory lock that lets one process at a time apply them; one for each program. */
  readonly advisoryLock: number;
  /** Statements to run after a step was applied; harmless when repeated. */
  readonly afterwards?: () => string;
}

/** The versions before and after. */
export interface AppliedSchema {
  readonly from: number;
  readonly to: number;
}

/** The numbered steps of one program's schema. */
export class SchemaSteps {
  /** The version that the program needs. */
  readonly version: number;
  readonly #steps: readonly { readonly version: number; readonly file: URL }[];
  readonly #options: SchemaOptions;

  constructor(options: SchemaOptions) {
    this.#options = options;
    this.#steps = readdirSync(options.folder)
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => ({ version: Number.parseInt(name, 10), file: new URL(name, options.folder) }));
    this.version = this.#steps.at(-1)?.version ?? 0;
  }

  /** Applies the missing steps. @throws Error of PostgreSQL; the schema is then unchanged */
  apply(url: string): Promise<AppliedSchema> {
    return withClient(url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1)', [this.#options.advisoryLock]);
      await client.query(
        'CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
      );
      const from = await versionIn(client);
      for (const { version, file } of this.#steps.filter((step) => step.version > from)) {
        await client.query(readFileSync(file, 'utf8'));
        await client.query('INSERT INTO schema_version (version) VALUES ($1)', [version]);
      }
      const { afterwards } = this.#options;
      if (from < this.version && afterwards) await client.query(afterwards());
      await client.query('COMMIT');
      return { from, to: Math.max(from, this.version) };
    });
  }
}

/** Version of the schema in the database; 0 when there is none. */
export function schemaVersion(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const found = await client.query("SELECT to_regclass('public.schema_version') IS NOT NULL AS there");
    return found.rows[0]?.there ? await versionIn(client) : 0;
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    return await work(client);
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
