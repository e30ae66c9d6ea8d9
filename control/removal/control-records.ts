/**
 * Reads from the control database what an installation has made, and may keep control planes from starting meanwhile.
 * Does not migrate: an older or a missing schema has fewer records.
 */
import { refuseStranger, requireOwnSession } from '@ficus/cdc';
import { CONTROL_SCHEMA, FicusError } from '@ficus/core';
import pg from 'pg';
import { OWN_NAMES } from '../store/migrations.ts';
import { LOCK_KEY } from '../store/open-store.ts';
import { readStreamRecords, type StreamRecord } from '../store/stream-records.ts';
import { findDependants } from './find-dependants.ts';

export interface ControlRecords {
  readonly streams: readonly StreamRecord[];
  /** Slices that have a stream back. */
  readonly armed: readonly string[];
  /** Slices that the candidate owns for good. */
  readonly retired: readonly string[];
  /** Slices that the candidate owns, retired or not. */
  readonly handedOver: readonly string[];
  /** Slices with rows of any kind. */
  readonly slices: readonly string[];
  /** Slices that were removed before. */
  readonly removed: readonly string[];
  /**
   * A control plane runs: the slices of its config. Otherwise undefined, and where control planes are kept out none can
   * start before `close`.
   */
  readonly running: readonly string[] | undefined;
  readonly present: boolean;
  /** Names of tables. */
  readonly tables: ReadonlySet<string>;
  /** What others have put into the schema or built on it, in PostgreSQL's words. */
  readonly dependants: readonly string[];
  close(): Promise<void>;
}

const ANSWER_MS = 5_000;
const TAKE_LOCK = 'SELECT pg_try_advisory_lock($1) AS free';
const SEE_LOCK = `SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = $1::bigint::oid
    AND objsubid = 1 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS free`;

/**
 * @param keepOut whether no control plane may start before `close`; otherwise nothing is left on the session
 * @throws FicusError FICUS_DATABASE_UNREACHABLE, FICUS_SCHEMA_NOT_OWN; with `keepOut` FICUS_CDC_POOLER
 */
export async function openControlRecords(url: string, keepOut: boolean): Promise<ControlRecords> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'ficus remove',
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  client.on('error', () => undefined);
  try {
    // Behind a transaction pooler the lock would be held by a session that others use.
    if (keepOut) await requireOwnSession(url, ANSWER_MS);
    await client.connect();
    await refuseStranger(client, CONTROL_SCHEMA, OWN_NAMES);
    return { ...(await readRecords(client, keepOut)), close: () => client.end().catch(() => undefined) };
  } catch (cause) {
    await client.end().catch(() => undefined);
    if (cause instanceof FicusError) throw cause;
    throw new FicusError('FICUS_DATABASE_UNREACHABLE', (cause as Error).message, { cause });
  }
}

async function readRecords(client: pg.Client, keepOut: boolean): Promise<Omit<ControlRecords, 'close'>> {
  const free = await client.query<{ free: boolean }>(keepOut ? TAKE_LOCK : SEE_LOCK, [LOCK_KEY]);
  const tables = await client.query<{ name: string }>(
    'SELECT table_name || coalesce($2 || column_name, $3) AS name FROM information_schema.columns WHERE table_schema = $1',
    [CONTROL_SCHEMA, '.', ''],
  );
  const columns = new Set(tables.rows.map(({ name }) => name));
  const names = async (column: string, sql: string): Promise<string[]> =>
    columns.has(column) ? (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name) : [];
  const query = async <R extends pg.QueryResultRow>(text: string) => (await client.query<R>(text)).rows;
  const streams = columns.has('stream.slot') ? await readStreamRecords(query) : [];
  const slices = await names('slice.name', `SELECT name FROM ${CONTROL_SCHEMA}.slice ORDER BY 1`);
  return {
    streams,
    armed: await names('reverse_stream.slice', `SELECT slice AS name FROM ${CONTROL_SCHEMA}.reverse_stream`),
    retired: await names('slice.retired', `SELECT name FROM ${CONTROL_SCHEMA}.slice WHERE retired`),
    handedOver: await names(
      'slice.owner',
      `SELECT name FROM ${CONTROL_SCHEMA}.slice WHERE owner = 'candidate'`,
    ),
    slices: [...new Set([...slices, ...streams.map(({ slice }) => slice)])],
    removed: await names(
      'audit.slice',
      `SELECT DISTINCT slice AS name FROM ${CONTROL_SCHEMA}.audit WHERE action = 'remove' AND slice IS NOT NULL`,
    ),
    running: free.rows[0]?.free
      ? undefined
      : columns.has('slice.configured')
        ? await names(
            'slice.configured',
            `SELECT name FROM ${CONTROL_SCHEMA}.slice WHERE configured ORDER BY 1`,
          )
        : slices,
    present: columns.size > 0,
    tables: new Set([...columns].map((name) => name.split('.', 1)[0]!)),
    dependants: await findDependants(client),
  };
}
