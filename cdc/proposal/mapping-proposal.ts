/** What proposeMapping found: tables that the preflight accepts, and questions for a person where it cannot know. */

export interface MappingProposal {
  readonly tables: readonly ProposedTable[];
  /** Pairs that belong together by name, and that the preflight refuses as they are. */
  readonly refused: readonly RefusedTable[];
  /** Tables of the service to which no rows go. */
  readonly unmatched: readonly UnmatchedTable[];
}

/** An entry of `slices.NAME.tables`, as it is written there. */
export interface ProposedTable {
  readonly from: string;
  readonly to: string;
  /** Target column → source column; absent where all have the same names. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Always beside `columns`, empty or not. */
  readonly omit?: readonly string[] | undefined;
  /** What was concluded from names, and may be wrong. */
  readonly guesses: readonly string[];
  /** What a person has to decide or to know: columns that stay behind, columns without a source, values that may not fit. */
  readonly questions: readonly string[];
}

export interface RefusedTable extends ProposedTable {
  /** The first objection of the preflight. */
  readonly why: string;
  readonly remedySql?: string | undefined;
}

export interface UnmatchedTable {
  readonly table: string;
  /** End of a sentence. */
  readonly why: string;
}
