/**
 * A session of the fenced database that is opened when needed, and opened again after it broke. One piece of work at a
 * time, as a failed transaction must be rolled back before the next. Used by the fence alone.
 */
import { FicusError } from '@ficus/core';
import pg from 'pg';
import { endClient, withinTime } from '../source/end-client.ts';
import { requireOwnSession, takeSession } from '../source/own-session.ts';

const ANSWER_MS = 10_000;

export class FenceConnection {
  readonly #url: string;
  readonly #name: string;
  #client: pg.Client | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  /** @throws errors of the server as they are; FicusError FICUS_DATABASE_UNREACHABLE for those of the connection */
  run<T>(timeoutMs: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#run(timeoutMs, work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client) await endClient(client);
  }

  async #run<T>(timeoutMs: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#open();
    try {
      return await withinTime(client, timeoutMs, () => work(client));
    } catch (error) {
      if (!isOfServer(error)) {
        this.#forget(client);
        throw unreachable(error);
      }
      // Of a transaction that failed; without one it does nothing but warn.
      await withinTime(client, timeoutMs, () => client.query('ROLLBACK')).catch(() => this.#forget(client));
      throw error;
    }
  }

  async #open(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: this.#name,
      connectionTimeoutMillis: ANSWER_MS,
    });
    client.on('error', () => this.#forget(client));
    client.once('end', () => this.#forget(client));
    try {
      await requireOwnSession(this.#url, ANSWER_MS);
      await client.connect();
      await withinTime(client, ANSWER_MS, () => takeSession(client));
    } catch (error) {
      void endClient(client);
      throw error instanceof FicusError ? error : unreachable(error);
    }
    this.#client = client;
    return client;
  }

  #forget(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    void endClient(client);
  }
}

/** The server has refused a statement and keeps the session: not a lost connection, nor a shutdown. */
function isOfServer(error: unknown): boolean {
  if (error instanceof FicusError) return true;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P)/.test(code);
}

function unreachable(cause: unknown): FicusError {
  return new FicusError('FICUS_DATABASE_UNREACHABLE', `the fenced database: ${(cause as Error).message}`, {
    cause,
  });
}
