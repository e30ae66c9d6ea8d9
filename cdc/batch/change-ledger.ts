/**
 * Records which rows have changed since a full comparison began, so that a later one compares only these (cutover's
 * verify step). Kept in memory by the process that reads the stream, and bounded: when a table has more changes than
 * that, all of its rows count as changed. Records what is read, which is never less than what is applied.
 *
 * Each comparison begins a new generation. Once its rows are known to be equal, only those of later generations are left
 * for the next one, so that what is compared while writes are held stays small however long ago the full one was.
 */
import { decodeTuple } from '../decode/tuple.ts';
import type { RelationBinding } from './relation-binding.ts';

/** Columns that identify a row in the stream → their texts, before or after a change. */
export type ChangedRow = Readonly<Record<string, string | null>>;

const MOST_ROWS = 100_000;

interface ChangedTable {
  readonly rows: Map<string, { readonly row: ChangedRow; generation: number }>;
  /** The last generation in which more has changed than `rows` tells; 0 for none. */
  allUntil: number;
}

export class ChangeLedger {
  readonly #tables = new Map<string, ChangedTable>();
  readonly #most: number;
  #generation = 1;
  /** Everything recorded up to here has been found equal; 0 before the first comparison. */
  #equalUntil = 0;

  constructor(most = MOST_ROWS) {
    this.#most = most;
  }

  record(binding: RelationBinding, bytes: Buffer, at: number): void {
    const { relation, keyColumns } = binding;
    const table = this.#tableOf(`${relation.schema}.${relation.name}`);
    if (table.allUntil === this.#generation) return;
    const values = decodeTuple(bytes, at);
    const key = keyColumns.map((place) => values[place] ?? null);
    const id = JSON.stringify(key);
    const known = table.rows.get(id);
    if (known) {
      known.generation = this.#generation;
      return;
    }
    const columns = keyColumns.map((place, n) => [relation.columns[place]!.name, key[n] ?? null]);
    table.rows.set(id, { row: Object.fromEntries(columns), generation: this.#generation });
    if (table.rows.size > this.#most) this.#recordAll(table);
  }

  /** TRUNCATE, or more changes than can be kept. @param table `schema.table` of the source */
  recordAll(table: string): void {
    this.#recordAll(this.#tableOf(table));
  }

  /** A comparison begins. @returns the generation that it covers: what is recorded later belongs to the next one */
  turn(): number {
    return this.#generation++;
  }

  /** @param generation as returned by `turn` */
  equalUntil(generation: number): void {
    this.#equalUntil = Math.max(this.#equalUntil, generation);
  }

  /**
   * @param since the beginning of this ledger, or the last comparison whose rows were equal
   * @returns undefined when no comparison has found its rows equal yet
   */
  changed(table: string, since: 'full' | 'equal' = 'full'): readonly ChangedRow[] | 'all' | undefined {
    if (since === 'equal' && this.#equalUntil === 0) return undefined;
    const after = since === 'full' ? 0 : this.#equalUntil;
    const { rows, allUntil } = this.#tables.get(table) ?? { rows: new Map(), allUntil: 0 };
    if (allUntil > after) return 'all';
    return [...rows.values()].filter(({ generation }) => generation > after).map(({ row }) => row);
  }

  #tableOf(name: string): ChangedTable {
    let table = this.#tables.get(name);
    if (!table) {
      table = { rows: new Map(), allUntil: 0 };
      this.#tables.set(name, table);
    }
    return table;
  }

  #recordAll(table: ChangedTable): void {
    table.allUntil = this.#generation;
    table.rows.clear();
  }
}
