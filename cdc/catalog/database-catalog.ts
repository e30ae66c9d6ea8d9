/**
 * What the catalogs of one database say about the tables of a slice, as plain data. Read once by readCatalog;
 * the mapping, the preflight and the verifier decide on it without asking the database again.
 */

/** One database as far as a slice is concerned. */
export interface DatabaseCatalog {
  readonly database: string;
  /** As in `server_version_num`: 150004, 180000. */
  readonly serverVersion: number;
  readonly walLevel: string;
  /** Of the cluster, from pg_control: two databases of one cluster have the same. Undefined where it may not be read. */
  readonly systemIdentifier: string | undefined;
  /** `schema.table` → table; tables that do not exist are absent. */
  readonly tables: ReadonlyMap<string, TableCatalog>;
  /** Names of functions whose answer changes from call to call: an expression with one cannot be computed twice. */
  readonly volatileFunctions: ReadonlySet<string>;
}

export interface TableCatalog {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `schema.table`, as config writes it. */
  readonly qualifiedName: string;
  readonly kind: 'table' | 'partitioned' | 'view' | 'foreign' | 'other';
  /** In the order of the table, without dropped ones. */
  readonly columns: readonly ColumnCatalog[];
  readonly uniqueIndexes: readonly UniqueIndex[];
  readonly replicaIdentity: ReplicaIdentity;
  readonly exclusionConstraints: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly triggers: readonly Trigger[];
  /** Whether policies decide which rows this role sees. */
  readonly rowSecurity: boolean;
  /** Whether other tables inherit from it, otherwise than as its partitions. */
  readonly hasChildren: boolean;
  /** Partitions (quoted for SQL) whose replica identity is not that of the whole: it is theirs that counts. */
  readonly unfitPartitions: readonly string[];
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  /** Planner's estimate; −1 when never analysed. */
  readonly estimatedRows: number;
}

/** What an UPDATE or DELETE in the WAL says about the old row. */
export type ReplicaIdentity =
  /** Primary key, or with `default` and no primary key: nothing. */
  | { readonly kind: 'columns'; readonly columns: readonly string[] }
  | { readonly kind: 'full' }
  | { readonly kind: 'none'; readonly reason: 'nothing' | 'no-primary-key' };

export interface ColumnCatalog {
  readonly name: string;
  readonly attnum: number;
  /** As psql shows it, with its modifier: `character varying(20)`. */
  readonly type: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Base type behind any domains, without modifier, schema-qualified unless built in: what a value is cast to. */
  readonly baseType: string;
  readonly baseTypeOid: number;
  /** As baseType, with the modifier of the column or of the domain. */
  readonly baseTypeWithModifier: string;
  /** Whether baseType exists in every PostgreSQL. */
  readonly builtin: boolean;
  readonly typeKind: 'base' | 'array' | 'enum' | 'domain' | 'composite' | 'range' | 'multirange' | 'other';
  /** Of an enum (or a domain over one), in order. */
  readonly enumLabels: readonly string[] | undefined;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** The default as SQL; undefined for none and for identity columns. */
  readonly defaultSql: string | undefined;
  readonly generated: boolean;
  readonly identity: 'always' | 'by default' | undefined;
}

export interface UniqueIndex {
  readonly name: string;
  readonly primary: boolean;
  /** Key columns; undefined in place of an expression. */
  readonly columns: readonly (string | undefined)[];
  readonly partial: boolean;
  /** False for a deferrable constraint: it can be neither replica identity nor arbiter of ON CONFLICT. */
  readonly immediate: boolean;
  /** All key columns are plain, NOT NULL columns, the index is whole, valid and immediate. */
  readonly identifiesRows: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** `schema.table` that it points to. */
  readonly references: string;
  readonly selfReference: boolean;
  readonly deferrable: boolean;
}

export interface Trigger {
  readonly name: string;
  /** When it fires: `origin` is the ordinary case; `replica` and `always` fire for replicated rows too. */
  readonly fires: 'origin' | 'replica' | 'always' | 'disabled';
}

/** The primary key, or else the first unique index that can stand for it. */
export function findRowKey(table: TableCatalog): UniqueIndex | undefined {
  return (
    table.uniqueIndexes.find((index) => index.primary && index.identifiesRows) ??
    table.uniqueIndexes.find((index) => index.identifiesRows)
  );
}

export function findColumn(table: TableCatalog, name: string): ColumnCatalog | undefined {
  return table.columns.find((column) => column.name === name);
}
