/**
 * The one connection through which a stream writes to its target. Statements are pipelined: sent without waiting for
 * earlier results, which `settle` collects.
 */
import pg from 'pg';
import { endClient, withinTime } from '../source/end-client.ts';
import { requireOwnSession, takeSession } from '../source/own-session.ts';

interface TargetSessionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** False for a connection that does COPY. */
  readonly pipeline?: boolean;
  /** How long the server may take to answer a new connection. */
  readonly answerMs?: number;
}

export class TargetSession {
  readonly client: pg.Client;
  /** Foreign keys and ordinary triggers do not fire for this session's writes. */
  readonly replicaRole: boolean;
  #pending: Promise<unknown>[] = [];
  #failure: Error | undefined;
  #unanswered = 0;

  /** Use `open` to create one. */
  constructor(client: pg.Client, replicaRole: boolean) {
    this.client = client;
    this.replicaRole = replicaRole;
  }

  static async open(options: TargetSessionOptions): Promise<TargetSession> {
    const { answerMs = 10_000 } = options;
    await requireOwnSession(options.url, answerMs);
    const client = new pg.Client({
      connectionString: options.url,
      application_name: options.applicationName,
      pipeline: options.pipeline ?? true,
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
    } as pg.ClientConfig);
    client.on('error', () => undefined);
    await client.connect();
    try {
      const replicaRole = await withinTime(client, answerMs, async () => {
        await takeSession(client);
        // Nested loops over the key's index: the planner does not know the arrays' lengths.
        await client.query(`SET plan_cache_mode = force_generic_plan; SET enable_hashjoin = off;
          SET enable_mergejoin = off; SET enable_seqscan = off; SET work_mem = '64MB';
          SET synchronous_commit = off`);
        // If this machine fails, the server must notice: the stream's lock lasts as long as this session.
        await client
          .query(
            'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3',
          )
          .catch(() => undefined);
        return client.query('SET session_replication_role = replica').then(
          () => true,
          () => false,
        );
      });
      return new TargetSession(client, replicaRole);
    } catch (error) {
      await endClient(client);
      throw error;
    }
  }

  /**
   * Makes this session the stream's only writer; false while there is another. The lock ends with its connection, so
   * that a process that dies frees the stream at once.
   */
  async claim(stream: string): Promise<boolean> {
    const { rows } = await this.client.query('SELECT pg_try_advisory_lock(hashtext($1), 1) AS mine', [
      stream,
    ]);
    return rows[0]?.mine === true;
  }

  /** Sends a statement; its result goes to `onResult`. `settle` throws its error. */
  send(
    text: string,
    values?: readonly unknown[],
    name?: string,
    onResult?: (result: pg.QueryResult) => void,
  ): void {
    const query = { text, ...(values ? { values: [...values] } : {}), ...(name ? { name } : {}) };
    this.#unanswered++;
    this.#pending.push(
      this.client
        .query(query)
        .then(onResult, (error: Error) => {
          this.#failure ??= error;
        })
        .finally(() => {
          this.#unanswered--;
        }),
    );
  }

  /** A statement was sent that has no result yet. */
  get isWaiting(): boolean {
    return this.#unanswered > 0;
  }

  /** Waits for all results; throws the first error. */
  async settle(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  close(): Promise<void> {
    return endClient(this.client);
  }
}
