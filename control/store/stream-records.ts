/**
 * Which slots and publications this installation has created, on which databases: recorded before they are created, and
 * until `ficus remove` has removed them. Two installations may share a database server: only what is recorded here is
 * this one's.
 */
import { withoutPassword } from './describe-database.ts';
import type { Store } from './open-store.ts';

export interface StreamRecord {
  readonly slot: string;
  readonly slice: string;
  readonly publication: string;
  /** URLs without passwords. */
  readonly source: string;
  readonly target: string;
}

export class StreamRecords {
  readonly #store: Store;
  #records: ReadonlyMap<string, StreamRecord> = new Map();
  /** Slice → the slot that its stream uses, once it has recorded it. */
  readonly #current = new Map<string, string>();

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
  currentSlot(slice: string): string | undefined {
    return this.#current.get(slice);
  }

  /** `ficus remove` deletes records beside the running control plane. */
  async reload(): Promise<void> {
    const rows = await readStreamRecords(this.#store.query.bind(this.#store));
    this.#records = new Map(rows.map((row) => [row.slot, row]));
  }

  /** @throws FicusError when it is new and the database cannot be reached */
  async record(given: StreamRecord): Promise<void> {
    const record = {
      ...given,
      source: withoutPassword(given.source),
      target: withoutPassword(given.target),
    };
    const known = this.#records.has(record.slot);
    this.#records = new Map(this.#records).set(record.slot, record);
    const { slot, slice, publication, source, target } = record;
    this.#current.set(slice, slot);
    try {
      await this.#store.query(
        `INSERT INTO stream (slot, slice, publication, source, target) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (slot) DO UPDATE SET source = excluded.source, target = excluded.target`,
        [slot, slice, publication, source, target],
      );
    } catch (error) {
      // A stream that was recorded before continues without this database.
      if (!known) throw error;
    }
  }
}

/** @param query on the schema of the control plane */
export function readStreamRecords(query: Store['query']): Promise<StreamRecord[]> {
  return query<StreamRecord>('SELECT slot, slice, publication, source, target FROM stream ORDER BY slot');
}
