/**
 * A word that Ficus writes into logs, metrics and answers: its meaning, and what to do about it. docs/reasons.md is
 * generated from these.
 */
export interface Word {
  readonly means: string;
  /** Empty when there is nothing to do. */
  readonly action: string;
}

/** The words of a table, in its order. */
export function wordsOf<Name extends string>(table: Readonly<Record<Name, unknown>>): readonly Name[] {
  return Object.keys(table) as Name[];
}
