/**
 * A server may accept connections and never answer; a connection may break without any sign. A slow statement looks the
 * same. So after a silence in which data was due, a new connection asks the server whether it is alive and what the
 * silent connection's process is doing. A dead connection ends the session.
 */
import { FicusError } from '@ficus/core';
import pg from 'pg';
import { endClient, socketOf } from '../source/end-client.ts';

interface WatchedConnection {
  readonly side: 'source' | 'target';
  /** Process id of the server's backend. */
  readonly pid: number;
  readonly lastHeardMs: () => number;
  /** Whether data should arrive. */
  readonly awaits: () => boolean;
}

interface LivenessOptions {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** How long a connection may be silent, and how long the server may take to answer a new connection. */
  readonly answerMs: number;
  readonly onDead: (error: FicusError) => void;
}

interface Watched {
  readonly connection: WatchedConnection;
  /** Silence counts from here. */
  sinceMs: number;
  asking: boolean;
  /** The server's process was idle when last checked. */
  idleBefore: boolean;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#check(), options.answerMs / 4);
  }

  watch(connection: WatchedConnection): void {
    this.#watched.add({ connection, sinceMs: Date.now(), asking: false, idleBefore: false });
  }

  /** A client is waiting for an answer while a query of it runs, or while `awaits` says so. */
  watchClient(side: WatchedConnection['side'], client: pg.Client, awaits = () => isQuerying(client)): void {
    let heardMs = Date.now();
    socketOf(client).on('data', () => {
      heardMs = Date.now();
    });
    this.watch({ side, pid: processOf(client), lastHeardMs: () => heardMs, awaits });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  #check(): void {
    const now = Date.now();
    for (const watched of this.#watched) {
      const { connection } = watched;
      if (!connection.awaits() || connection.lastHeardMs() > watched.sinceMs) {
        watched.sinceMs = connection.awaits() ? connection.lastHeardMs() : now;
        watched.idleBefore = false;
      }
      if (!watched.asking && now - watched.sinceMs > this.#options.answerMs) void this.#ask(watched);
    }
  }

  async #ask(watched: Watched): Promise<void> {
    const { connection } = watched;
    watched.asking = true;
    const heardMs = connection.lastHeardMs();
    const answer = await this.#askServer(connection);
    watched.asking = false;
    watched.sinceMs = Date.now();
    if (!this.#watched.has(watched) || connection.lastHeardMs() > heardMs || !connection.awaits()) return;
    if ('error' in answer)
      this.#dead(connection, `and does not answer a new connection (${answer.error.message})`);
    else if (answer.state === undefined) this.#dead(connection, 'and no longer knows this connection');
    else if (!answer.state.startsWith('idle')) watched.idleBefore = false;
    else if (watched.idleBefore)
      this.#dead(connection, 'and its process is idle although a command was sent');
    else watched.idleBefore = true;
  }

  #dead({ side }: WatchedConnection, what: string): void {
    const seconds = Math.round(this.#options.answerMs / 100) / 10;
    this.#options.onDead(
      new FicusError('FICUS_DATABASE_UNREACHABLE', `The ${side} has sent nothing for ${seconds} s, ${what}.`),
    );
  }

  async #askServer({ side, pid }: WatchedConnection): Promise<{ state?: string } | { error: Error }> {
    const { sourceUrl, targetUrl, answerMs } = this.#options;
    const client = new pg.Client({
      connectionString: side === 'source' ? sourceUrl : targetUrl,
      application_name: 'ficus',
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ state: string | null }>(
        'SELECT state FROM pg_stat_activity WHERE pid = $1',
        [pid],
      );
      return rows[0] ? { state: rows[0].state ?? 'active' } : {};
    } catch (error) {
      // A refusal is an answer too; its cause shows elsewhere.
      const refused = /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code));
      return refused ? { state: 'active' } : { error: error as Error };
    } finally {
      void endClient(client);
    }
  }
}

function isQuerying(client: pg.Client): boolean {
  return (client as unknown as { readyForQuery: boolean }).readyForQuery === false;
}

function processOf(client: pg.Client): number {
  return (client as unknown as { processID: number }).processID;
}
