/**
 * Whether a URL leads to sessions of one's own. Behind a transaction pooler each transaction may run in another server
 * session, and a session's settings and locks stay there for the service's own transactions; behind a pooler of sessions
 * that does not reset them, for the one who has the session next. So nothing is set before this is known but a mark, which
 * nothing reads.
 */
import { FicusError } from '@ficus/core';
import pg from 'pg';
import { applySessionSettings } from '../catalog/session-settings.ts';
import { endClient } from './end-client.ts';

/** A pooler may be put in place later: reconnections ask again after this time. */
const KNOWN_FOR_MS = 60_000;
/** SQLSTATE with which poolers refuse what they cannot do; PostgreSQL itself uses it for broken clients only. */
const PROTOCOL_VIOLATION = '08P01';

const known = new Map<string, { readonly until: number; readonly asked: Promise<void> }>();

/** @throws FicusError FICUS_CDC_POOLER when a server session may get other transactions than those of one connection */
export function requireOwnSession(url: string, answerMs = 10_000): Promise<void> {
  const before = known.get(url);
  if (before && before.until > Date.now()) return before.asked;
  const asked = askForOwnSession(url, answerMs);
  known.set(url, { until: Date.now() + KNOWN_FOR_MS, asked });
  // Only a success is remembered.
  asked.catch(() => known.delete(url));
  return asked;
}

/** Applies the engine's settings to a session of a URL that requireOwnSession has passed. */
export async function takeSession(client: pg.Client): Promise<void> {
  await applySessionSettings(client);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // A gateway's cancel key names no process of the server; liveness and cancellation ask the server for this one.
  Object.assign(client, { processID: rows[0]!.pid });
}

/** A pooler's refusal of a connection or statement, as the error that says so; any other error unchanged. */
export function describePooler(error: unknown): unknown {
  if ((error as { code?: unknown } | undefined)?.code !== PROTOCOL_VIOLATION) return error;
  return poolerError(`it refuses what Ficus needs (${(error as Error).message})`, error);
}

export function poolerError(what: string, cause?: unknown): FicusError {
  return new FicusError(
    'FICUS_CDC_POOLER',
    `The URL leads to a connection pooler and not to PostgreSQL itself: ${what}.`,
    { cause },
  );
}

async function askForOwnSession(url: string, answerMs: number): Promise<void> {
  try {
    const isShared = await withTwo(url, answerMs, async (a, b) => {
      if (await shareSessions(a, b)) return true;
      await Promise.all([a, b].map((client) => client.query(MARK)));
      return false;
    });
    if (isShared) throw poolerError('the transactions of one connection run in different server sessions');
    const kept = await withTwo(url, answerMs, (a, b) => Promise.all([takeMark(a), takeMark(b)]));
    if (kept.includes(true))
      throw poolerError(
        'what one connection sets stays set for the next one (PgBouncer: server_reset_query)',
      );
  } catch (error) {
    throw describePooler(error);
  }
}

const MARK = `SELECT set_config('ficus.mark', 'set', false)`;

async function takeMark(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ mark: string | null }>(
    `SELECT current_setting('ficus.mark', true) AS mark`,
  );
  if (rows[0]?.mark !== 'set') return false;
  await client.query('RESET ficus.mark');
  return true;
}

/** Both are open at the same time, and closed afterwards. */
async function withTwo<Answer>(
  url: string,
  answerMs: number,
  ask: (a: pg.Client, b: pg.Client) => Promise<Answer>,
): Promise<Answer> {
  const clients = [openProbe(url, answerMs), openProbe(url, answerMs)] as const;
  try {
    await Promise.all(clients.map((client) => client.connect()));
    return await ask(...clients);
  } finally {
    await Promise.all(clients.map(endClient));
  }
}

function openProbe(url: string, answerMs: number): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'ficus',
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  client.on('error', () => undefined);
  return client;
}

/**
 * A pooler hands out the session used last, or the one unused for longest, or any. While `b` holds one in a transaction,
 * the first kind gives `b` the session that `a` had; two questions in a row show the others.
 */
async function shareSessions(a: pg.Client, b: pg.Client): Promise<boolean> {
  for (let round = 0, rounds = 2; round < rounds; round++) {
    const own = await readPid(a);
    if ((await readPid(a)) !== own) return true;
    await b.query('BEGIN');
    const other = await readPid(b);
    const isShared = other === own || (await readPid(a)) !== own;
    await b.query('ROLLBACK');
    if (isShared) return true;
    // Cancel keys of a gateway's making: a pooler, or a proxy that keeps sessions apart. Look more often.
    if (keyOf(a) !== own || keyOf(b) !== other) rounds = 4;
  }
  return false;
}

async function readPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}

/** The process that the connection's cancel key names. */
function keyOf(client: pg.Client): number | null {
  return (client as unknown as { processID: number | null }).processID;
}
