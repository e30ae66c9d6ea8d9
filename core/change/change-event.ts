/**
 * One change of one row, in Debezium's envelope (debezium.io, "Change event values"): what every source of changes
 * yields and what is shown to people. Values are PostgreSQL's own text; null is null. A value that an UPDATE left alone
 * and the WAL does not carry is Debezium's placeholder, never null.
 */

/** Debezium's default `unavailable.value.placeholder`. */
export const UNAVAILABLE = '__debezium_unavailable_value';

/** c insert, u update, d delete, r row of the first copy, t truncate, m logical message. */
export type ChangeOperation = 'c' | 'u' | 'd' | 'r' | 't' | 'm';

export type ChangeRow = Readonly<Record<string, string | null>>;

export interface ChangeEvent {
  readonly op: ChangeOperation;
  /** The row before: with the default replica identity its key alone. */
  readonly before: ChangeRow | null;
  readonly after: ChangeRow | null;
  readonly source: ChangeOrigin;
  /** Of a logical message. */
  readonly message?: { readonly prefix: string; readonly content: string };
  /** When it was read, in milliseconds since 1970. */
  readonly ts_ms: number;
}

export interface ChangeOrigin {
  readonly connector: 'postgresql';
  readonly db: string;
  readonly schema: string;
  readonly table: string;
  readonly txId: number;
  /** Commit LSN of the transaction as a number: Debezium writes it so. */
  readonly lsn: bigint;
  /** When the transaction was committed, in milliseconds since 1970. */
  readonly ts_ms: number;
}
