/** Ends a connection: politely if the server answers, and soon in any case; destroys a silent one. */
import type { Socket } from 'node:net';
import pg from 'pg';

const PATIENCE_MS = 1_000;

/** A server that does not answer must not block callers. */
export async function endClient(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      socketOf(client).destroy();
      resolve();
    }, PATIENCE_MS);
  });
  await Promise.race([ended, late]);
  clearTimeout(timer);
}

/**
 * Cancels the client's running query on the server, which would otherwise continue although its result is not wanted any more.
 * Resolves when the server's process has ended and released its slots and locks; does not wait for a server that does
 * not answer.
 */
export async function breakOffQuery(client: pg.Client, url: string): Promise<void> {
  const { processID, readyForQuery } = client as unknown as { processID: number; readyForQuery: boolean };
  if (readyForQuery) return;
  const other = new pg.Client({
    connectionString: url,
    application_name: 'ficus',
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: 2 * PATIENCE_MS,
  });
  other.on('error', () => undefined);
  try {
    await other.connect();
    await other.query(
      `SELECT pg_terminate_backend(pid, ${PATIENCE_MS}) FROM pg_stat_activity WHERE pid = $1 AND application_name LIKE 'ficus%'`,
      [processID],
    );
  } catch {
    // A server that cannot be asked notices by itself, sooner or later.
  } finally {
    await endClient(other);
  }
}

/** Runs short work on a connection: without an answer in time it closes the connection, and the work fails. */
export async function withinTime<T>(
  client: pg.Client,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(
    () => socketOf(client).destroy(new Error(`timeout: no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/** The socket underneath a `pg` client. */
export function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
