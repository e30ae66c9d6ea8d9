/**
 * The control plane's database: one connection, held for as long as the control plane runs. The advisory lock ends with
 * it, so a process that can write here is the only control plane. A lost connection is reopened, lock first; until then
 * every write is refused, and nothing is assumed to have happened.
 */
import { requireOwnSession, takeSession } from '@ficus/cdc';
import { CONTROL_SCHEMA, FicusError, OneAtATime, refusalText } from '@ficus/core';
import pg from 'pg';
import type { Logger } from 'pino';
import { describeDatabase } from './describe-database.ts';
import { migrate } from './migrations.ts';
import { OutageLog } from './outage-log.ts';

export interface Store {
  /** True while connection and lock are held. */
  readonly connected: boolean;
  /** While another control plane holds the lock: what is known here may be of the past. */
  readonly replaced: boolean;
  /** Called when that begins. */
  onReplaced(listener: () => void): void;
  /** Called after each reconnection: another control plane may have held the lock meanwhile, and changed things. */
  onReconnect(listener: () => Promise<void>): void;
  query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>;
  /** Runs `work` exclusively, in one transaction. */
  transaction<T>(work: (query: Store['query']) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

// Any constant that no other program uses: "ficus" on a telephone's keys.
export const LOCK_KEY = 34_287;
const RETRY_MS = 500;
/**
 * A database that does not answer in this time counts as unreachable: a network that drops packets closes no socket.
 */
const ANSWER_MS = 5000;
const HEARTBEAT_MS = 2000;
/** Makes the server release the lock of a holder that it can no longer reach. */
const SERVER_KEEPALIVE =
  'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3';

/** What the journal says must outlast a crash of the server: a commit that is answered before it is flushed may be gone. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') IN ('off', 'local')`;

/**
 * Connects, takes the lock, brings the schema up to date.
 * @throws FicusError FICUS_DATABASE_UNREACHABLE, FICUS_CONTROL_NOT_STORED, FICUS_CONTROL_ALREADY_RUNNING,
 *   FICUS_CONTROL_SCHEMA_NEWER, FICUS_SCHEMA_NOT_OWN
 */
export async function openStore(url: string, logger: Logger): Promise<Store> {
  const store = new PostgresStore(url, logger);
  await store.connect();
  return store;
}

class PostgresStore implements Store {
  readonly #url: string;
  readonly #outage: OutageLog;
  #client: pg.Client | undefined;
  #closing = false;
  #retry: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #turns = new OneAtATime();
  readonly #reconnectListeners: (() => Promise<void>)[] = [];
  readonly #replacedListeners: (() => void)[] = [];
  #replaced = false;
  /** Of the session that held the lock last: the server may not have noticed yet that it has ended. */
  #ownPid = 0;

  constructor(url: string, logger: Logger) {
    this.#url = url;
    this.#outage = new OutageLog(logger, describeDatabase(url));
  }

  get connected(): boolean {
    return this.#client !== undefined;
  }

  get replaced(): boolean {
    return this.#replaced;
  }

  onReplaced(listener: () => void): void {
    this.#replacedListeners.push(listener);
  }

  onReconnect(listener: () => Promise<void>): void {
    this.#reconnectListeners.push(listener);
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      application_name: 'ficus-control',
    });
    client.on('error', (error) => this.#lost(client, error));
    try {
      await requireOwnSession(this.#url, ANSWER_MS);
      await client.connect();
    } catch (cause) {
      throw cause instanceof FicusError ? cause : unreachable(this.#url, cause);
    }
    try {
      // Times are read in ISO's order alone; limits that suit a role's other sessions would end this one again and again.
      await takeSession(client);
      await client.query(SERVER_KEEPALIVE);
      await client.query(DURABLE);
      await takeLock(client, this.#url, (holder) => this.#noticeHolder(holder));
      this.#ownPid = await pidOf(client);
      await migrate(client);
    } catch (cause) {
      cutOff(client);
      throw failureOf(this.#url, cause);
    }
    if (this.#closing) return client.end();
    this.#replaced = false;
    this.#client = client;
    client.on('end', () => this.#lost(client));
    this.#heartbeat = setInterval(() => void this.query('SELECT 1').catch(() => undefined), HEARTBEAT_MS);
  }

  async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return this.#alone((query) => query<R>(text, values));
  }

  async transaction<T>(work: (query: Store['query']) => Promise<T>): Promise<T> {
    return this.#alone(async (query) => {
      await query('BEGIN');
      try {
        const result = await work(query);
        await query('COMMIT');
        return result;
      } catch (error) {
        await query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    clearInterval(this.#heartbeat);
    await this.#turns.idle();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  /** One connection: one transaction at a time. */
  #alone<T>(work: (query: Store['query']) => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      const client = this.#client;
      if (!client) throw unreachable(this.#url);
      return work(async (text, values = []) => {
        try {
          return await run(client, this.#url, text, values);
        } catch (error) {
          if (isUnreachable(error)) this.#lost(client, error);
          throw error;
        }
      });
    });
  }

  #lost(client: pg.Client, error?: Error): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    clearInterval(this.#heartbeat);
    cutOff(client);
    if (this.#closing) return;
    this.#outage.lost(error, performance.now());
    this.#reconnectLater();
  }

  #noticeHolder(pid: number | undefined): void {
    if (this.#replaced || this.#ownPid === 0 || pid === undefined || pid === this.#ownPid) return;
    this.#replaced = true;
    for (const listener of this.#replacedListeners) listener();
  }

  async #reconnect(): Promise<void> {
    await this.connect();
    this.#outage.back(performance.now());
    for (const listener of this.#reconnectListeners) await listener();
  }

  #reconnectLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#reconnect().catch((error: unknown) => {
        this.#outage.stillAway(error, performance.now());
        // Lost again just after it was found: the retry is already scheduled.
        if (!this.#closing && !this.#client) this.#reconnectLater();
      });
    }, RETRY_MS);
  }
}

/** Ends a connection at once: an orderly end would wait for a server that may not answer. */
function cutOff(client: pg.Client): void {
  client.end().catch(() => undefined);
  client.connection.stream.destroy();
}

async function run<R extends pg.QueryResultRow>(
  client: pg.Client,
  url: string,
  text: string,
  values: readonly unknown[],
): Promise<R[]> {
  try {
    return (await client.query<R>(text, [...values])).rows;
  } catch (cause) {
    throw failureOf(url, cause);
  }
}

function failureOf(url: string, cause: unknown): FicusError {
  if (cause instanceof FicusError) return cause;
  // A database error has an SQLSTATE; all others concern the connection.
  if (cause instanceof pg.DatabaseError && !/^(57P|08)/.test(cause.code ?? '')) return refused(url, cause);
  return unreachable(url, cause);
}

/** @param onHeld called with the session that holds it, before it throws */
async function takeLock(
  client: pg.Client,
  url: string,
  onHeld: (pid: number | undefined) => void,
): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    LOCK_KEY,
  ]);
  if (rows[0]?.locked) return;
  onHeld(await holderOf(client));
  throw new FicusError(
    'FICUS_CONTROL_ALREADY_RUNNING',
    `Another control plane holds the schema ${CONTROL_SCHEMA} of ${describeDatabase(url)}.`,
  );
}

async function holderOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [LOCK_KEY],
  );
  return rows[0]?.pid;
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}

function unreachable(url: string, cause?: unknown): FicusError {
  const why = cause instanceof Error && cause.message ? ` (${firstLine(cause)})` : '';
  return new FicusError(
    'FICUS_DATABASE_UNREACHABLE',
    `The control plane’s database ${describeDatabase(url)} cannot be reached${why}.`,
    { cause },
  );
}

const isUnreachable = (error: unknown): error is FicusError =>
  error instanceof FicusError && error.code === 'FICUS_DATABASE_UNREACHABLE';

/** A full disk, a server that was set to read-only, missing privileges, a lock: the connection is as good as before. */
const refused = (url: string, cause: Error): FicusError =>
  new FicusError(
    'FICUS_CONTROL_NOT_STORED',
    `The control plane’s database ${describeDatabase(url)} refused a statement (${refusalText(cause)}).`,
    { cause },
  );

function firstLine(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : error;
  return (inner?.message ?? error.message).split('\n')[0] ?? '';
}
