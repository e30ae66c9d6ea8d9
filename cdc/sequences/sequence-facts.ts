/**
 * What the catalogs of one database say about the sequences that a slice's tables draw their keys from, as plain data.
 * readDrawnColumns reads it; planSequences joins the two sides.
 */

export interface SequenceFacts {
  readonly oid: number;
  /** `schema.name`, for messages. */
  readonly name: string;
  /** Quoted for SQL. */
  readonly sql: string;
  readonly increment: bigint;
  readonly min: bigint;
  readonly max: bigint;
  /** Values that a session takes at once, and gives out later. */
  readonly cache: bigint;
  readonly cycles: boolean;
  /** A crash of the server sets it back to its start. */
  readonly unlogged: boolean;
  readonly maySelect: boolean;
  readonly mayUpdate: boolean;
  /** ALTER SEQUENCE is allowed: it takes back what sessions have in their caches. */
  readonly owns: boolean;
}

/** How it is known that a column draws from a sequence. Those from `function` on are read from text: a guess. */
export type DrawnThrough = 'identity' | 'default' | 'function' | 'trigger' | 'name';

export interface KeyColumn {
  /** `schema.table` */
  readonly table: string;
  /** Quoted for SQL. */
  readonly tableSql: string;
  readonly column: string;
  /** Base type behind any domains: `bigint`, `uuid`, … */
  readonly type: string;
  /** It leads an index, so that its greatest value is found without reading the table. */
  readonly indexed: boolean;
  /** It refers to another table: its values are that one's keys. */
  readonly refers: boolean;
  /** The role may read the column. */
  readonly mayRead: boolean;
}

export interface DrawnColumn extends KeyColumn {
  readonly sequence: SequenceFacts;
  readonly through: DrawnThrough;
}

/** A column whose values come from a place that the catalogs do not show. */
export interface UnseenColumn extends KeyColumn {
  readonly why: string;
}

export interface DrawnColumns {
  readonly drawn: readonly DrawnColumn[];
  readonly unseen: readonly UnseenColumn[];
  /** Key columns of types that need no sequence: uuid and texts. */
  readonly keyless: readonly KeyColumn[];
  /** All columns of the tables: counterparts of the other side's. */
  readonly columns: ReadonlyMap<string, KeyColumn>;
  readonly maxConnections: number;
  readonly role: string;
}

/** Key of `columns`. */
export function columnKey(table: string, column: string): string {
  return JSON.stringify([table, column]);
}

/** Values that the column's type holds, in both directions; undefined for types that are no whole numbers. */
export function rangeOfType(type: string): { readonly min: bigint; readonly max: bigint } | undefined {
  switch (type) {
    case 'smallint':
      return { min: -(2n ** 15n), max: 2n ** 15n - 1n };
    case 'integer':
      return { min: -(2n ** 31n), max: 2n ** 31n - 1n };
    case 'bigint':
    case 'numeric':
      return { min: -(2n ** 63n), max: 2n ** 63n - 1n };
    default:
      return undefined;
  }
}
