/**
 * What is measured: a system that serves the slice's routes over two databases, and can move the writes from one to the
 * other and back while clients write. Implemented by Ficus (ours/) and the peer (peer/); called by rounds.ts, in the order of the methods.
 */
import type pg from 'pg';
import type { LoadUser, Unread } from './load/load-messages.ts';

export interface Ready {
  /** Base URLs of the routes. */
  readonly addresses: readonly string[];
  readonly users: readonly LoadUser[];
  readonly unread: readonly Unread[];
  /** Whether POST /api/notifications makes a new one. */
  readonly inserts: boolean;
}

/** A change of owner. All times on the machine's clock, by the process that ordered it. */
export interface Switched {
  readonly orderedAt: number;
  /** From here on writes may wait: of the first attempt, when there were several. */
  readonly from: number;
  /** No write waits any more. */
  readonly to: number;
  /** What follows it has ended as well. */
  readonly endedAt: number;
  /** Milliseconds of each step, in order. */
  readonly steps: Readonly<Record<string, number>>;
  /** Attempts before it that ended with the writes where they were; their pauses lie between `from` and `to`. */
  readonly abandoned: number;
}

export interface Databases {
  /** URL of the database that takes the writes now. */
  readonly owner: string;
  readonly other: string;
  /** URL by which a side door writes into the owner. */
  readonly sideDoor: string;
}

export interface Subject {
  readonly name: string;
  /** Whether the other database gets the writes, too, after a change of owner: then they are looked for on both. */
  readonly keepsBoth: boolean;
  /**
   * Starts everything, and asserts that both databases hold the same rows and that the routes answer rightly.
   * @param marks how many unread notifications the run may need
   */
  setup(marks: number): Promise<Ready>;
  /** What comes before the next change of owner and stops no write, however long it takes. */
  arm(): Promise<void>;
  /** Moves the writes to the new database. */
  switch(): Promise<Switched>;
  /** Moves them back to the old one. */
  back(): Promise<Switched>;
  databases(): Databases;
  /** A side door's statement; $1 is the write's key, $2 a customer. */
  readonly sideDoorInsert: string;
  /** Key of each write of this run that the database holds → number of its rows. */
  findWrites(database: pg.Client): Promise<Map<string, number>>;
  stop(): Promise<void>;
}
