/**
 * Which slots and publications this installation has created, on which databases: recorded before they are created, and
 * until `ficus remove` has removed them. Two installations may share a database server: only what is recorded here is
 * this one's.
 */
import { CONTROL_SCHEMA, withoutPassword } from '@ficus/core';
import type { Store } from './open-store.ts';

export type Direction = 'forward' | 'reverse';

export interface StreamRecord {
  readonly slot: string;
  readonly slice: string;
  /** `reverse`: the candidate is the source. */
  readonly direction: Direction;
  readonly publication: string;
  /** URLs without passwords. */
  readonly source: string;
  readonly target: string;
  /** WAL that the slot kept when it was dropped to protect the source; null while it was not. */
  readonly givenUpBytes: number | null;
}

/** Before the stream creates anything. */
export type NewStream = Omit<StreamRecord, 'givenUpBytes'>;

export class StreamRecords {
  readonly #store: Store;
  #records: ReadonlyMap<string, StreamRecord> = new Map();
  /** Direction and slice → the slot that the stream uses, once it has recorded it. */
  readonly #current = new Map<string, string>();
  /** Of streams that continue while the database is away: stored at the next reload. */
  readonly #unstored = new Map<string, StreamRecord>();

  constructor(store: Store) {
    this.#store = store;
  }

  static async load(store: Store): Promise<StreamRecords> {
    const records = new StreamRecords(store);
    await records.reload();
    return records;
  }

  all(): readonly StreamRecord[] {
    return [...this.#records.values()];
  }

  /** The slot of a slice's stream; undefined while the stream has not come far enough to know it. */
  currentSlot(slice: string, direction: Direction = 'forward'): string | undefined {
    return this.#current.get(`${direction} ${slice}`);
  }

  /** The slice has no such stream any more; its records stay until they are removed. */
  forgetCurrent(slice: string, direction: Direction): void {
    this.#current.delete(`${direction} ${slice}`);
  }

  /**
   * Remembers why the slot is about to go; null: it stays. Only the holder of the control plane's lock can: another control plane may
   * use the slot by now.
   * @returns false when it is not, or no longer, one of this installation
   * @throws FicusError while the database cannot be reached
   */
  async giveUp(slot: string, retainedBytes: number | null): Promise<boolean> {
    const stored = await this.#store.query(
      'UPDATE stream SET given_up_bytes = $2 WHERE slot = $1 RETURNING slot',
      [slot, retainedBytes],
    );
    const record = this.#records.get(slot);
    if (stored.length === 0 || !record) return false;
    this.#records = new Map(this.#records).set(slot, { ...record, givenUpBytes: retainedBytes });
    return true;
  }

  /**
   * `ficus remove` deletes records beside the running control plane.
   * @throws FicusError while the database cannot be reached
   */
  async reload(): Promise<void> {
    for (const record of [...this.#unstored.values()]) await this.#insert(record);
    const rows = await readStreamRecords(this.#store.query.bind(this.#store));
    this.#records = new Map(rows.map((row) => [row.slot, row]));
  }

  /** @throws FicusError when it is new and the database cannot be reached */
  async record(given: NewStream): Promise<void> {
    const record = {
      ...given,
      source: withoutPassword(given.source),
      target: withoutPassword(given.target),
      givenUpBytes: null,
    };
    try {
      await this.#insert(record);
      // What could not be stored before is older.
      this.#unstored.delete(record.slot);
    } catch (error) {
      // A stream that was recorded before continues without this database.
      if (!this.#records.has(record.slot)) throw error;
      this.#unstored.set(record.slot, record);
    }
    this.#records = new Map(this.#records).set(record.slot, record);
    this.#current.set(`${record.direction} ${record.slice}`, record.slot);
  }

  async #insert(record: StreamRecord): Promise<void> {
    const { slot, slice, direction, publication, source, target } = record;
    await this.#store.query(
      `INSERT INTO stream (slot, slice, direction, publication, source, target) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (slot) DO UPDATE SET source = excluded.source, target = excluded.target, given_up_bytes = NULL`,
      [slot, slice, direction, publication, source, target],
    );
    if (this.#unstored.get(slot) === record) this.#unstored.delete(slot);
  }
}

export function readStreamRecords(query: Store['query']): Promise<StreamRecord[]> {
  return query<StreamRecord>(
    // The column is missing in the schema of an older version, which is not migrated only to be removed.
    `SELECT slot, slice, coalesce(to_jsonb(stream) ->> 'direction', 'forward') AS direction, publication, source, target,
            given_up_bytes AS "givenUpBytes" FROM ${CONTROL_SCHEMA}.stream ORDER BY slot`,
  );
}
