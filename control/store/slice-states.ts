/**
 * Owner and epoch of every slice, as stored in the database. Nothing changes them yet: until there is a cutover of writes,
 * each slice keeps the owner and epoch of its first row, and its writes are never held.
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

  take(states: ReadonlyMap<string, StoredSlice>): void {
    this.#states = states;
  }

  all(): ReadonlyMap<string, StoredSlice> {
    return this.#states;
  }

  of(slice: string): StoredSlice {
    return this.#states.get(slice) ?? { ...INITIAL_SLICE_STATE, retired: false };
  }
}
