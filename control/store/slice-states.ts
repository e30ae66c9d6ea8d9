/**
 * Owner and epoch of every slice, as stored in the database. Only the journal step of a cutover or rollback changes them.
 * Whether writes are held is not stored here: cutover/write-states.ts derives it from the journal.
 */
import { INITIAL_SLICE_STATE, type Side, type SliceState } from '@ficus/core';
import type { Store } from './open-store.ts';

export type StoredSlice = SliceState & { readonly retired: boolean };

interface SliceRow {
  readonly name: string;
  readonly owner: Side;
  readonly epoch: string;
  readonly retired: boolean;
}

export class SliceStates {
  readonly #store: Store;
  #states: ReadonlyMap<string, StoredSlice> = new Map();

  constructor(store: Store) {
    this.#store = store;
  }

  static async load(store: Store, names: readonly string[]): Promise<SliceStates> {
    const states = new SliceStates(store);
    await states.reload(names);
    return states;
  }

  /** Reads the states of these slices and adopts them. */
  async reload(names: readonly string[]): Promise<void> {
    this.take(await this.read(names));
    await this.release(names);
  }

  /** All other slices are no longer configured here: `ficus remove` may remove them. */
  async release(names: readonly string[]): Promise<void> {
    await this.#store.query('UPDATE slice SET configured = false WHERE name <> ALL ($1) AND configured', [
      names,
    ]);
  }

  /**
   * Inserts rows for slices that have none, marks these as configured, and reads them all; `all` and `of` still return
   * the old states.
   */
  async read(names: readonly string[]): Promise<ReadonlyMap<string, StoredSlice>> {
    await this.#store.query(
      `INSERT INTO slice (name, owner, epoch) SELECT unnest($1::text[]), 'legacy', 1 ON CONFLICT (name) DO NOTHING`,
      [names],
    );
    await this.#store.query('UPDATE slice SET configured = true WHERE name = ANY ($1) AND NOT configured', [
      names,
    ]);
    const rows = await this.#store.query<SliceRow>(
      'SELECT name, owner, epoch, retired FROM slice WHERE name = ANY ($1)',
      [names],
    );
    return new Map(
      rows.map(({ name, owner, epoch, retired }) => [
        name,
        { owner, epoch: Number(epoch), writes: 'open', retired },
      ]),
    );
  }

  /** An owner that the journal has changed since they were read stays. */
  take(states: ReadonlyMap<string, StoredSlice>): void {
    const newer = ([name, read]: [string, StoredSlice]): [string, StoredSlice] => {
      const known = this.#states.get(name);
      return [name, known && known.epoch > read.epoch ? known : read];
    };
    this.#states = new Map([...states].map(newer));
  }

  /** The journal has changed the owner; an older epoch changes nothing. */
  adopt(slice: string, owner: Side, epoch: number): void {
    const known = this.of(slice);
    if (known.epoch < epoch) this.#states = new Map(this.#states).set(slice, { ...known, owner, epoch });
  }

  retire(slice: string): void {
    this.#states = new Map(this.#states).set(slice, { ...this.of(slice), retired: true });
  }

  all(): ReadonlyMap<string, StoredSlice> {
    return this.#states;
  }

  of(slice: string): StoredSlice {
    return this.#states.get(slice) ?? { ...INITIAL_SLICE_STATE, retired: false };
  }
}
