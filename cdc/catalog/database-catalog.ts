/**
 * What the catalogs of one database say about a slice's tables, as plain data. readCatalog reads it once; the mapping,
 * the preflight and the verifier use it without querying the database again.
 */

import type { TableStorage } from './table-storage.ts';

/** One database, as far as it concerns a slice. */
export interface DatabaseCatalog {
  readonly database: string;
  /** Who has read it. */
  readonly role: string;
  /** As in `server_version_num`: 150004, 180000. */
  readonly serverVersion: number;
  readonly walLevel: string;
  /**
   * Cluster identifier from pg_control: two databases of one cluster share it. Undefined when the role may not read it.
   */
  readonly systemIdentifier: string | undefined;
  /** `schema.table` → table; tables that do not exist are absent. */
  readonly tables: ReadonlyMap<string, TableCatalog>;
  /** Names of volatile functions: an expression that calls one cannot be computed twice. */
  readonly volatileFunctions: ReadonlySet<string>;
}

export interface TableCatalog {
  readonly oid: number;
  readonly storage: TableStorage;
  readonly schema: string;
  readonly name: string;
  /** `schema.table`, as written in the config. */
  readonly qualifiedName: string;
  readonly kind: 'table' | 'partitioned' | 'view' | 'foreign' | 'other';
  /** In table order, without dropped columns. */
  readonly columns: readonly ColumnCatalog[];
  readonly uniqueIndexes: readonly UniqueIndex[];
  readonly replicaIdentity: ReplicaIdentity;
  readonly exclusionConstraints: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Foreign keys of other tables that refer to this one. */
  readonly referencedBy: readonly InboundKey[];
  readonly triggers: readonly Trigger[];
  /** What may leave out rows that are written to it, or to a partition of it. */
  readonly intercepts: readonly Intercept[];
  /** Whether row-level security decides which rows this role sees. */
  readonly rowSecurity: boolean;
  /** Whether other tables inherit from it, apart from its partitions. */
  readonly hasChildren: boolean;
  /** Partitions (quoted for SQL) whose replica identity differs from the parent's: PostgreSQL uses the partition's. */
  readonly unfitPartitions: readonly string[];
  /** SQL for each partition that is a foreign table: takes it out. */
  readonly detachForeign: readonly string[];
  /** Generated columns in the replica identity, of the table itself or of a partition. */
  readonly generatedIdentity: readonly string[];
  /** Itself, or partitions of it, that are unlogged or temporary; quoted for SQL. */
  readonly unlogged: readonly string[];
  /** The planner's estimate; −1 when never analyzed. */
  readonly estimatedRows: number;
}

/** What an UPDATE or DELETE in the WAL says about the old row. */
export type ReplicaIdentity =
  /** Primary key, or with `default` and no primary key: nothing. */
  | { readonly kind: 'columns'; readonly columns: readonly string[] }
  | { readonly kind: 'full' }
  | { readonly kind: 'none'; readonly reason: 'nothing' | 'no-primary-key' };

export type TypeParts = Readonly<Record<string, string>>;

export interface ColumnCatalog {
  readonly name: string;
  readonly attnum: number;
  /** As psql shows it, with its modifier: `character varying(20)`. */
  readonly type: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Base type behind any domains, without modifier, schema-qualified unless built in: the type for casts. */
  readonly baseType: string;
  readonly baseTypeOid: number;
  /** baseType with the modifier of the column or domain. */
  readonly baseTypeWithModifier: string;
  /** Whether baseType is built into PostgreSQL. */
  readonly builtin: boolean;
  readonly typeKind: 'base' | 'array' | 'enum' | 'domain' | 'composite' | 'range' | 'multirange' | 'other';
  /** Labels of an enum (or a domain over one, or an array of one), in order. */
  readonly enumLabels: readonly string[] | undefined;
  /** Labels of enums and attributes of composite types that its values may consist of, by their numbers (type-parts.ts). */
  readonly typeParts: TypeParts | undefined;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** The default as SQL; undefined when there is none and for identity columns. */
  readonly defaultSql: string | undefined;
  /** Text of the value that ADD COLUMN gave to the rows of then; undefined where it gave none, or it is no longer known. */
  readonly filledWith: string | undefined;
  readonly generated: boolean;
  /** What a generated column is computed with. */
  readonly generatedSql: string | undefined;
  readonly identity: 'always' | 'by default' | undefined;
}

export interface UniqueIndex {
  readonly name: string;
  readonly primary: boolean;
  /** Key columns; undefined in place of an expression. */
  readonly columns: readonly (string | undefined)[];
  readonly partial: boolean;
  /** False for a deferrable constraint: it can be neither replica identity nor ON CONFLICT arbiter. */
  readonly immediate: boolean;
  /** All key columns are stored as written, and NOT NULL; the index is whole, valid and immediate. */
  readonly identifiesRows: boolean;
  /** It belongs to a constraint. */
  readonly ofConstraint: boolean;
  /** Different texts may be one key: a column of it has a nondeterministic collation. */
  readonly equatesTexts: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** The referenced table, `schema.table`. */
  readonly references: string;
  readonly selfReference: boolean;
  readonly deferrable: boolean;
}

export interface InboundKey {
  readonly name: string;
  /** The table whose rows refer to this one, `schema.table`. */
  readonly table: string;
  readonly onDelete: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';
  /** PostgreSQL's own triggers on this table that check it or carry out its actions. */
  readonly triggers: readonly Trigger[];
}

export interface Trigger {
  readonly name: string;
  /** When it fires: `origin` is the ordinary case; `replica` and `always` fire for replicated rows too. */
  readonly fires: 'origin' | 'replica' | 'always' | 'disabled';
}

/** A trigger before each row, or a rule in place of the statement: either may leave out what is written. */
export interface Intercept {
  /** As part of a sentence: `trigger “x”`. */
  readonly name: string;
  readonly fires: Trigger['fires'];
  readonly on: readonly ('insert' | 'update' | 'delete')[];
  /** A rule for all rows: the statement itself is not carried out, and the count is that of the rule's own. */
  readonly replaces: boolean;
}

/** The primary key, or else the first unique index that can replace it. */
export function findRowKey(table: TableCatalog): UniqueIndex | undefined {
  return (
    table.uniqueIndexes.find((index) => index.primary && index.identifiesRows) ??
    table.uniqueIndexes.find((index) => index.identifiesRows)
  );
}

export function findColumn(table: TableCatalog, name: string): ColumnCatalog | undefined {
  return table.columns.find((column) => column.name === name);
}
