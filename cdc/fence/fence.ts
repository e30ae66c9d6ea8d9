/**
 * The fence of a slice in one database: statement triggers on its tables that ask an advisory lock and a sequence whether
 * writers may pass. The lock drains, the sequence holds; nothing is changed by DDL during a hold. The SQL is in
 * fence-sql.ts.
 */
import type { FenceMode, FenceState, Side } from '@ficus/core';

export interface FenceOptions {
  readonly slice: string;
  /** Whose database is fenced: its writers read where to write instead. */
  readonly side: Side;
  /**
   * Of the fenced database; PostgreSQL itself, no transaction pooler. Its role must own the tables to install the fence;
   * else it needs what `fenceSql` grants to an operator.
   */
  readonly url: string;
  /** `schema.table`, as configured; whole inheritance and partition trees are fenced with them. */
  readonly tables: readonly string[];
  /** Role whose marked transactions pass a fence in `hold` or `moved`: the one that the stream writes with. */
  readonly applierRole: string;
  /** Where the other side's rows are, for the error that a refused writer reads: `database “orders” on db2:5432`. */
  readonly elsewhere?: string | undefined;
}

export interface TurnOptions {
  readonly expected: FenceState;
  readonly wanted: FenceState;
  /** How long open transactions of writers may take to end; new ones are refused meanwhile. */
  readonly drainMs: number;
}

export type TurnResult =
  /** Durable. `lsn` (`X/Y`) lies behind every write that passed the fence before: the barrier. */
  | { readonly turned: true; readonly lsn: string; readonly drainedMs: number }
  /** Another process has turned it: nothing was changed. */
  | { readonly turned: false; readonly found: FenceState | undefined };

/**
 * Who wrote, as recorded while the fence observes: at most once a minute for each session and application name, so that a
 * timer that shares a session with requests is found, too. The stream's marked transactions leave no note.
 */
export interface WriterNote {
  /** Names the note for `forget`. */
  readonly key: string;
  /** `schema.table` */
  readonly table: string;
  readonly statement: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
  readonly user: string;
  readonly application: string;
  /** Null for a Unix socket. */
  readonly address: string | null;
  readonly pid: number;
  /** Milliseconds since the epoch, by the database's clock: when its transaction began, and when it wrote. */
  readonly transactionAtMs: number;
  readonly writtenAtMs: number;
  /** The first 300 characters of the statement that the client sent. */
  readonly query: string;
}

/** Who keeps a turn waiting. */
export interface DrainBlocker {
  /** Null for a prepared transaction. */
  readonly pid: number | null;
  /** Global id of a prepared transaction. */
  readonly prepared: string | null;
  readonly user: string | null;
  readonly application: string | null;
  readonly address: string | null;
  /** `active`, `idle in transaction`, … of pg_stat_activity. */
  readonly state: string | null;
  readonly openForMs: number | null;
  readonly query: string | null;
}

export interface FenceGap {
  /** `schema.table` */
  readonly table: string;
  readonly why: string;
}

export interface Fence {
  /** Undefined while it is not installed. */
  state(): Promise<FenceState | undefined>;
  /**
   * Installs what is missing, on every member of every table's tree, one short transaction for each; a new fence begins in
   * `mode`, an existing one keeps its state. Safe to run again after any interruption.
   * @throws FicusError FICUS_FENCE_NOT_OWNER with the SQL for the owner; FICUS_FENCE_BUSY when a table cannot be locked
   */
  install(first: { readonly epoch: number; readonly mode: FenceMode }): Promise<FenceState>;
  /**
   * Compare and set. Where fewer may write than before, it takes the writers' lock: all that wrote have ended when it resolves.
   * Lifting waits for none. The same turn again resolves as it did the first time, as its answer may have been lost: so each
   * attempt needs an epoch of its own, and one that is abandoned before the fence was turned turns it to its epoch, `armed`.
   * @throws FicusError FICUS_FENCE_DRAIN with the blockers, when they have not ended in time: the fence is as before;
   *   FICUS_FENCE_GAPS when a turn to `hold` or `moved` would leave a way around it; FICUS_DATABASE_UNREACHABLE: not known,
   *   ask for the state or turn again
   */
  turn(options: TurnOptions): Promise<TurnResult>;
  /**
   * Between `armed` and `observe`, in the same epoch. No writer is refused or waited for, unlike by `turn`: the lock is taken
   * shared. A fence in `hold` or `moved`, or one that is being turned, stays as it is. Resolves to the state it has then;
   * undefined while it is not installed.
   */
  observe(on: boolean): Promise<FenceState | undefined>;
  /** Oldest first, at most `most` of them. */
  notes(most?: number): Promise<readonly WriterNote[]>;
  /** Removes notes that were read: their table has no index, and is to stay small. */
  forget(keys: readonly string[]): Promise<void>;
  /** Writes of this database, of any slice, that an observing fence could not record; grows. */
  missed(): Promise<number>;
  /** The database's clock, by which notes are dated: milliseconds since the epoch. */
  clock(): Promise<number>;
  /** Who holds the fence's lock now. */
  blockers(): Promise<readonly DrainBlocker[]>;
  /** Ways around the fence that exist now. */
  gaps(): Promise<readonly FenceGap[]>;
  close(): Promise<void>;
}
