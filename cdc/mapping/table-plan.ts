/**
 * A mapping compiled against both catalogs: everything that copy, apply and verify must know to turn source rows into
 * target rows. Immutable; only compileMapping creates it.
 *
 * A source row reaches SQL as one row of an alias `s` whose columns are `input`, each with its `type`:
 *
 *     INSERT INTO <target.sql> (<columns>) SELECT <columns[].expression> FROM
 *       (SELECT i.a::bigint AS a, … FROM unnest($1::text[], …) AS i(a, …)) AS s WHERE <rows.condition>
 *
 * The expression yields the target column's base type without modifier; the assignment to the column does the rest
 * (length, precision, domain checks), so that a value that does not fit is an error and is never truncated.
 */
import type { Intercept } from '../catalog/database-catalog.ts';
import type { MappingModule } from './mapping-module.ts';

export interface TablePlan {
  /** Position in the slice's `tables`, and config path for messages. */
  readonly index: number;
  readonly path: readonly (string | number)[];
  readonly source: SourcePlan;
  readonly target: TargetPlan;
  /** Columns of the row alias `s`. With a module: target columns as text, as forward() returns them. */
  readonly input: readonly InputColumn[];
  /** Target columns in the order of the target table; omitted ones keep their default and are never compared. */
  readonly columns: readonly TargetColumn[];
  readonly key: KeyPlan;
  /** Only rows for which the condition over `s` is true exist on the target. */
  readonly rows: RowsPlan | undefined;
  readonly module: MappingModule | undefined;
  /** INSERT needs OVERRIDING SYSTEM VALUE. */
  readonly overridingSystemValue: boolean;
  /** Why changes must be applied one by one, in order; empty: set-wise with the net change per key is allowed. */
  readonly inOrderReasons: readonly string[];
  /** Why the mapping cannot be reversed; empty: it can. */
  readonly irreversibleReasons: readonly string[];
}

export interface SourcePlan {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly qualifiedName: string;
  /** Quoted for SQL. */
  readonly sql: string;
  /** Columns that the old row of an UPDATE or DELETE carries; all under REPLICA IDENTITY FULL. */
  readonly identityColumns: readonly string[];
  readonly identityFull: boolean;
  /** Primary key or unique index that the first copy reads the table by; empty when there is none. */
  readonly keyColumns: readonly string[];
  /** Their types behind any domains, schema-qualified. */
  readonly keyTypes: readonly string[];
  /** All columns that the target depends on: what the copy has to read. */
  readonly readColumns: readonly InputColumn[];
}

interface TargetPlan {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly qualifiedName: string;
  readonly sql: string;
  /** Own triggers: `replicated` fire also for a session in the replica role, `ordinary` only for others. */
  readonly triggers: 'none' | 'ordinary' | 'replicated';
  /** What may leave out rows that are written, each in sessions of the role that it fires for. */
  readonly intercepts: readonly Intercept[];
  /** The mapping allows it. */
  readonly mayLeaveOut: boolean;
  /** It has constraints that can be checked at the end of a transaction. */
  readonly defers: boolean;
}

export interface InputColumn {
  readonly name: string;
  /** Type that expressions see: the column's own when built in, else text. */
  readonly type: string;
}

export interface TargetColumn {
  readonly name: string;
  /** SQL over the alias `s`. */
  readonly expression: string;
  /**
   * SQL over the alias `s` for the source database: the text that the target column should hold. For the target's own
   * types the target may spell it differently. With a module: for the target's database.
   */
  readonly expectedText: string;
  /** Type of the expression, schema-qualified: use it for parameters and temporary tables. */
  readonly castType: string;
  /** Type of the column as declared. */
  readonly type: string;
  /** Whether the type is built into PostgreSQL. */
  readonly builtin: boolean;
  /** Names of `input` columns that the expression reads; none for a constant. */
  readonly inputs: readonly string[];
  /** False for GENERATED ALWAYS AS IDENTITY: can be inserted, never updated. */
  readonly updatable: boolean;
  /** The source column, when this column is a plain copy of it. */
  readonly sameAs: string | undefined;
}

export type KeyPlan =
  /** Target columns with a unique index, all computed from columns that the old row carries. */
  | { readonly kind: 'columns'; readonly columns: readonly string[]; readonly indexName: string }
  /**
   * No unique index: a row is found by all of its mapped columns, compared NULL-safely (IS NOT DISTINCT FROM on text),
   * and any one of several equal rows is taken. Needs REPLICA IDENTITY FULL.
   */
  | { readonly kind: 'whole-row'; readonly columns: readonly string[] };

export interface RowsPlan {
  /** SQL over the alias `s`. */
  readonly condition: string;
  readonly inputs: readonly string[];
  /**
   * The condition reads only what an old row carries, so the old row says whether it was on the target, and the stream
   * sends the old row whenever the condition changes its answer. Rows left out may then share keys with others on the
   * target.
   */
  readonly onIdentity: boolean;
}
