/**
 * The sequences of the new owner, each with the columns that draw from it and with what gave those values before: the old
 * owner's sequences and columns. Only planSequences creates it; setting and comparing need nothing else.
 */
import type { DrawnThrough, KeyColumn, SequenceFacts } from './sequence-facts.ts';

/** `cutover`: the candidate becomes the owner. `rollback`: the legacy does. */
export type Operation = 'cutover' | 'rollback';

export type SideName = 'legacy' | 'candidate';

export interface SequencePlan {
  readonly newOwner: SideName;
  readonly oldOwner: SideName;
  /** Config path of either side's database. */
  readonly paths: Readonly<Record<SideName, string>>;
  /** Of the URL of the side. */
  readonly roles: Readonly<Record<SideName, string>>;
  readonly sequences: readonly PlannedSequence[];
  /** Columns of the new owner about which nothing can be said, and why. */
  readonly unseen: readonly { readonly table: string; readonly column: string; readonly why: string }[];
  /** Key columns that need no sequence (uuid, text): nothing to do. */
  readonly keyless: readonly string[];
  /** Sessions of the old owner, each of which may have a cache of values. */
  readonly oldConnections: number;
}

export interface PlannedSequence {
  readonly sequence: SequenceFacts;
  readonly columns: readonly PlannedColumn[];
  /** Of the old owner: what has given the values so far. */
  readonly before: readonly SequenceFacts[];
  /** Tables outside the slice that draw from one of `before`, too: they continue to. */
  readonly sharedOutside: readonly string[];
}

export interface PlannedColumn {
  readonly column: KeyColumn;
  readonly through: DrawnThrough;
  /** The old owner's column with the same values; undefined when the mapping computes it, or has none. */
  readonly counterpart: KeyColumn | undefined;
  /** An expression or a module makes its values: those of the two sides cannot be compared. */
  readonly computed: boolean;
}

/** `public.orders.id` */
export const columnName = ({ table, column }: Pick<KeyColumn, 'table' | 'column'>): string =>
  `${table}.${column}`;
