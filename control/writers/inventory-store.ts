/** The inventories in the control database: what was found about writers survives a restart, and a database that is away. */
import { jsonbText } from '../store/jsonb-text.ts';
import type { Store } from '../store/open-store.ts';
import { EMPTY_INVENTORY, type InventoryState } from './writer-inventory.ts';

/** Changed with the shape of what is stored: an inventory of another version begins again. */
const VERSION = 1;

export class InventoryStore {
  readonly #store: Pick<Store, 'query'>;

  constructor(store: Pick<Store, 'query'>) {
    this.#store = store;
  }

  async read(slices: readonly string[]): Promise<ReadonlyMap<string, InventoryState>> {
    const rows = await this.#store.query<{ slice: string; inventory: InventoryState & { version: number } }>(
      'SELECT slice, inventory FROM writer_inventory WHERE slice = ANY ($1)',
      [slices],
    );
    return new Map(
      rows.map(({ slice, inventory: { version, ...state } }) => [
        slice,
        version === VERSION ? state : EMPTY_INVENTORY,
      ]),
    );
  }

  /** @throws FicusError FICUS_DATABASE_UNREACHABLE, FICUS_CONTROL_NOT_STORED */
  async save(slice: string, state: InventoryState): Promise<void> {
    await this.#store.query(
      `INSERT INTO writer_inventory (slice, inventory) VALUES ($1, $2)
       ON CONFLICT (slice) DO UPDATE SET inventory = excluded.inventory`,
      [slice, jsonbText({ version: VERSION, ...state })],
    );
  }
}
