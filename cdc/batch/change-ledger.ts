/**
 * Records which rows have changed since a full comparison began, so that the next one compares only these (cutover's
 * verify step). Kept in memory by the process that reads the stream, and bounded: when a table has more changes than
 * that, all of its rows count as changed. Records what is read, which is never less than what is applied.
 */
import { decodeTuple } from '../decode/tuple.ts';
import type { RelationBinding } from './relation-binding.ts';

/** Columns that identify a row in the stream → their texts, before or after a change. */
export type ChangedRow = Readonly<Record<string, string | null>>;

const MOST_ROWS = 100_000;

export class ChangeLedger {
  readonly #rows = new Map<string, Map<string, ChangedRow> | 'all'>();
  readonly #most: number;

  constructor(most = MOST_ROWS) {
    this.#most = most;
  }

  record(binding: RelationBinding, bytes: Buffer, at: number): void {
    const { relation, keyColumns } = binding;
    const table = `${relation.schema}.${relation.name}`;
    let rows = this.#rows.get(table);
    if (rows === 'all') return;
    if (!rows) {
      rows = new Map();
      this.#rows.set(table, rows);
    }
    const values = decodeTuple(bytes, at);
    const key = keyColumns.map((place) => values[place] ?? null);
    const id = JSON.stringify(key);
    if (rows.has(id)) return;
    rows.set(
      id,
      Object.fromEntries(keyColumns.map((place, n) => [relation.columns[place]!.name, key[n] ?? null])),
    );
    if (rows.size > this.#most) this.recordAll(table);
  }

  /** TRUNCATE, or more changes than can be kept. @param table `schema.table` of the source */
  recordAll(table: string): void {
    this.#rows.set(table, 'all');
  }

  changed(table: string): readonly ChangedRow[] | 'all' {
    const rows = this.#rows.get(table);
    return rows === 'all' ? 'all' : [...(rows?.values() ?? [])];
  }
}
