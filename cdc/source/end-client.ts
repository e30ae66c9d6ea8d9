/** Ends a connection, politely if the server listens, and in any case soon; and gives up one that says nothing. */
import type { Socket } from 'node:net';
import type pg from 'pg';

const PATIENCE_MS = 1_000;

/** A server that does not answer must keep nobody from going on. */
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

/** Short work on a connection: without an answer in time the connection is given up, and the work fails. */
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

/** The socket under a client of `pg`. */
export function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
