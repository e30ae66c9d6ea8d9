/** The result of a comparison of both databases: counts of every table, and a bounded list of differences. */

/** Key column of the target → its text. */
export type RowKey = Readonly<Record<string, string | null>>;

export interface VerifyReport {
  readonly slice: string;
  readonly mode: 'full' | 'changed' | 'recent' | 'sample' | 'keys';
  /**
   * `match`: everything requested was compared and is equal (rows still in the stream were compared again). `mismatch`:
   * at least one row differs, and not because of lag. `inconclusive`: no difference was proven, but not everything
   * could be compared; `reason` says why.
   */
  readonly verdict: 'match' | 'mismatch' | 'inconclusive';
  readonly reason: string | undefined;
  /** No row has changed since the last full comparison, and only changed ones were requested; inconclusive. */
  readonly nothingChanged: boolean;
  /** Only changed rows were requested, and which these are is not known before a full comparison; inconclusive. */
  readonly changesUnknown: boolean;
  readonly tables: readonly TableReport[];
  readonly rowsCompared: { readonly source: number; readonly target: number };
  readonly differences: readonly Difference[];
  /** Differences beyond the limit of the list. */
  readonly differencesNotListed: number;
  /** Everything committed on the source up to this position was compared, `X/Y`. */
  readonly position: string | undefined;
  /** Both sides were compared at exactly this position; otherwise rows still in the stream were compared again. */
  readonly atOnePosition: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  /** Source rows per second. */
  readonly rowsPerSecond: number;
  /** Pass it to the next run to continue an interrupted one. */
  readonly resume: VerifyResume | undefined;
}

export interface TableReport {
  readonly from: string;
  readonly to: string;
  /** Rows read on each side; on the source those that the mapping includes. */
  readonly rowsSource: number;
  readonly rowsTarget: number;
  readonly equal: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** Differed at first and were equal once the stream had passed: explained by replication lag. */
  readonly lag: number;
  /** Changed too often on the source to be settled. */
  readonly unsettled: number;
  /** False when the comparison of the table stopped: too many differences, or an interruption. */
  readonly complete: boolean;
}

export interface Difference {
  readonly from: string;
  readonly to: string;
  /** missing: not on the target; extra: only on the target. */
  readonly kind: 'missing' | 'extra' | 'different';
  readonly key: RowKey;
  /** Number of rows with this key concerned: more than one only in a table without a key, which may hold equal rows. */
  readonly rows: number;
  /** The differing columns of a row that is on both sides. Values are PostgreSQL's text. */
  readonly columns: readonly ColumnDifference[];
}

export interface ColumnDifference {
  readonly name: string;
  /** The source row after the mapping. */
  readonly expected: string | null;
  readonly found: string | null;
}

/** Where an interrupted run stopped. Plain JSON. */
export interface VerifyResume {
  readonly tables: readonly TableReport[];
  readonly differences: readonly Difference[];
  readonly differencesNotListed: number;
  /** The table in progress: its counts so far, and the last key that is done. */
  readonly current: { readonly report: TableReport; readonly after: readonly string[] } | undefined;
}

export interface VerifyProgress {
  readonly table: string;
  readonly rowsCompared: number;
  /** Estimate over all tables. */
  readonly rowsTotal: number;
  readonly rowsPerSecond: number;
  readonly differences: number;
  readonly resume: VerifyResume;
}
