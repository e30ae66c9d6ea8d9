/**
 * Catching up. A walsender sends each message of a transaction with its own system call, which costs more than decoding
 * it. While much WAL is waiting, SQL fetches the changes in large pieces instead: same decoder, same messages, a third
 * of the cost. A temporary copy of the slot serves as the cursor, so that the slot itself stays where the target is
 * durable; the copy ends with the connection.
 */
import { randomBytes } from 'node:crypto';
import type { ReplicationConnection } from './replication-connection.ts';
import { parseCommandTag } from './wire-text.ts';

interface CatchUpOptions {
  readonly connection: ReplicationConnection;
  readonly slot: string;
  readonly publication: string;
  /** The stream has been applied up to here: nothing before it comes again. */
  readonly lsn: string;
}

/**
 * Messages in the first piece, and the maximum for any piece. A piece is decoded only once it is complete: the first is
 * small, so that the target has work at once. Later ones grow, because each begins by skipping all earlier messages.
 */
const FIRST_PIECE = 15_000;
const LARGEST_PIECE = 400_000;
const GROWTH = 4;
/** How much of a slot's name the name of its temporary copy begins with. */
export const CURSOR_PREFIX = 50;

/** Bytes of WAL that make moving the cursor worthwhile; fewer are fetched again and skipped by the reader. */
const WORTH_ADVANCING = 16 * 1024 * 1024;

export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #cursor: string;
  #answer: PromiseWithResolvers<number> | undefined;
  #rows = 0;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    // Unique to this run: the copy of a session that was cut off stays until the server notices.
    this.#cursor = `${options.slot.slice(0, CURSOR_PREFIX)}_${randomBytes(6).toString('hex')}`;
  }

  /** Fetches until a piece is not full: the rest is small. */
  async run(): Promise<void> {
    const { slot, lsn } = this.#options;
    await this.#query(`SET work_mem = '64MB'`);
    await this.#query(`SELECT pg_copy_logical_replication_slot('${slot}', '${this.#cursor}', true)`);
    await this.#query(
      `SELECT pg_replication_slot_advance('${this.#cursor}', '${lsn}') FROM pg_replication_slots
        WHERE slot_name = '${this.#cursor}' AND confirmed_flush_lsn + ${WORTH_ADVANCING} < '${lsn}'`,
    );
    for (let piece = FIRST_PIECE; ; piece = Math.min(piece * GROWTH, LARGEST_PIECE)) {
      const rows = await this.#query(this.#fetch(piece));
      if (rows < piece) break;
    }
    await this.#query(`SELECT pg_drop_replication_slot('${this.#cursor}')`);
  }

  /**
   * Moves the slot to a position that is durable on the target. Otherwise a walsender would decode everything fetched
   * here again; moving the slot skips the decoding of rows and lets the source discard the WAL.
   */
  async advance(lsn: string): Promise<void> {
    const { slot } = this.#options;
    await this.#query(
      `SELECT pg_replication_slot_advance('${slot}', '${lsn}') FROM pg_replication_slots
        WHERE slot_name = '${slot}' AND confirmed_flush_lsn < '${lsn}'`,
    );
  }

  /** Called with a frame that is no change. Returns true when it belonged to a query of this object. */
  onControl(type: string, body: Buffer): boolean {
    if (!this.#answer) return false;
    if (type === 'C') this.#rows = parseCommandTag(body);
    if (type === 'Z') {
      const answer = this.#answer;
      this.#answer = undefined;
      answer.resolve(this.#rows);
    }
    return type !== 'E';
  }

  #query(sql: string): Promise<number> {
    this.#rows = 0;
    this.#answer = Promise.withResolvers<number>();
    this.#options.connection.send(sql);
    return this.#answer.promise;
  }

  #fetch(piece: number): string {
    return `COPY (SELECT data FROM pg_logical_slot_get_binary_changes('${this.#cursor}', NULL, ${piece},
      'proto_version', '1', 'publication_names', '"${this.#options.publication}"', 'messages', 'true')) TO STDOUT (FORMAT binary)`;
  }
}
