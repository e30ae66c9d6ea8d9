/**
 * A mapping that was compiled against both catalogs: everything that copy, apply and verify must know to turn rows
 * of the source into rows of the target. Immutable; made by compileMapping alone.
 *
 * A source row reaches SQL as one row of an alias `s` whose columns are `input`, each with its `type`:
 *
 *     INSERT INTO <target.sql> (<columns>) SELECT <columns[].expression> FROM
 *       (SELECT i.a::bigint AS a, … FROM unnest($1::text[], …) AS i(a, …)) AS s WHERE <rows.condition>
 *
 * The expression yields the target column's base type without modifier; the assignment to the column does the rest
 * (length, precision, domain checks), so that a value that does not fit is an error and never cut short.
 */
import type { MappingModule } from './mapping-module.ts';

export interface TablePlan {
  /** Place in the slice's `tables`, and path in the config for messages. */
  readonly index: number;
  readonly path: readonly (string | number)[];
  readonly source: SourcePlan;
  readonly target: TargetPlan;
  /** Columns of the row alias `s`. With a module: target columns as text, as forward() returns them. */
  readonly input: readonly InputColumn[];
  /** Target columns in the order of the target table; what is not here keeps its default and is never compared. */
  readonly columns: readonly TargetColumn[];
  readonly key: KeyPlan;
  /** Only rows for which the condition over `s` is true exist on the target. */
  readonly rows: RowsPlan | undefined;
  readonly module: MappingModule | undefined;
  /** INSERT must say OVERRIDING SYSTEM VALUE. */
  readonly overridingSystemValue: boolean;
  /** Why changes must be applied in order, one after the other; empty: net change per key, set-wise, is allowed. */
  readonly inOrderReasons: readonly string[];
  /** Why there is no way back through this mapping; empty: it can be reversed. */
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
  /** Primary key or unique index by which the first copy goes through the table; empty when there is none. */
  readonly keyColumns: readonly string[];
  /** All columns that reach the target in some way: what the copy has to read. */
  readonly readColumns: readonly InputColumn[];
}

export interface TargetPlan {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly qualifiedName: string;
  readonly sql: string;
  /** Own triggers: `replicated` fire also for a session in the replica role, `ordinary` only for others. */
  readonly triggers: 'none' | 'ordinary' | 'replicated';
}

export interface InputColumn {
  readonly name: string;
  /** Type in which expressions see it: the column's own when built in, else text. */
  readonly type: string;
}

export interface TargetColumn {
  readonly name: string;
  /** SQL over the alias `s`. */
  readonly expression: string;
  /**
   * SQL over the alias `s` for the source database: the text that the target column ought to hold. Of an own type of
   * the target it may be spelled otherwise than the target would. With a module: for the target's database.
   */
  readonly expectedText: string;
  /** Type of the expression, schema-qualified: use it for parameters and temporary tables. */
  readonly castType: string;
  /** Type of the column as declared. */
  readonly type: string;
  /** Whether every PostgreSQL has the type. */
  readonly builtin: boolean;
  /** Names of `input` columns that the expression reads; none for a constant. */
  readonly inputs: readonly string[];
  /** False for GENERATED ALWAYS AS IDENTITY: can be inserted, never updated. */
  readonly updatable: boolean;
  /** The source column carried over as it is, when the column is just that. */
  readonly sameAs: string | undefined;
}

export type KeyPlan =
  /** Target columns with a unique index, all of them made from columns that the old row carries. */
  | { readonly kind: 'columns'; readonly columns: readonly string[]; readonly indexName: string }
  /**
   * No unique index: a row is found by all of its mapped columns, compared NULL-safely (IS NOT DISTINCT FROM on
   * text), and one of several equal rows is taken. Needs REPLICA IDENTITY FULL.
   */
  | { readonly kind: 'whole-row'; readonly columns: readonly string[] };

export interface RowsPlan {
  /** SQL over the alias `s`. */
  readonly condition: string;
  readonly inputs: readonly string[];
  /**
   * It reads only what an old row carries: the old row says whether it was on the target, and a row that comes or goes
   * by it is sent with its old one. Rows that it leaves out may then have keys that others have on the target.
   */
  readonly onIdentity: boolean;
}
