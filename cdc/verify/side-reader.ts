/**
 * One side of a comparison, whatever produces its rows: SQL (sql-side) or a TypeScript module (module-side). Each call
 * takes the client, because it may or may not hold a snapshot.
 */
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { KeyRange } from './key-range.ts';
import type { HashMethod } from './row-hash.ts';

/** Texts of the key columns, in the order of the plan's key. */
export type KeyTexts = readonly (string | null)[];

/** Rows whose keys hash into the same bucket, together. */
export interface Bucket {
  readonly bucket: number;
  readonly rows: number;
  /** Sum of the hashes of the rows, in decimal. */
  readonly sum: string;
}

/** A row's key and hash. Rows without a key of their own may appear more than once. */
export interface RowEntry {
  readonly key: KeyTexts;
  readonly hash: string;
}

export interface SideRow {
  /** Text of each of the plan's columns. */
  readonly texts: readonly (string | null)[];
  /** On the source: changes with each change of the row. */
  readonly version: string;
}

/** Key (as JSON of its texts) → its rows; more than one only where the key does not identify rows. */
export type RowsByKey = ReadonlyMap<string, readonly SideRow[]>;

export interface HashOptions {
  /** A power of two. */
  readonly buckets: number;
  readonly hash: HashMethod;
}

export interface SideReader {
  buckets(client: pg.ClientBase, range: KeyRange, options: HashOptions): Promise<Bucket[]>;
  /** The rows of the given buckets, one by one. */
  entries(
    client: pg.ClientBase,
    range: KeyRange,
    buckets: readonly number[],
    options: HashOptions,
  ): Promise<RowEntry[]>;
  rows(client: pg.ClientBase, keys: readonly KeyTexts[]): Promise<RowsByKey>;
  /** About `count` sampled keys. */
  draw(client: pg.ClientBase, count: number): Promise<KeyTexts[]>;
}

/** Both sides of a table. */
export interface TableSides {
  readonly plan: TablePlan;
  readonly source: SideReader;
  readonly target: SideReader;
}

export function keyId(key: KeyTexts): string {
  return JSON.stringify(key);
}

/** Adds a row to the others with its key. */
export function addRow(rows: Map<string, SideRow[]>, id: string, row: SideRow): void {
  const others = rows.get(id);
  if (others) others.push(row);
  else rows.set(id, [row]);
}
