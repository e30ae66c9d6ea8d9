/**
 * Every write of a run against the rows of a database, by its key. Pure: called with the records of clients or of side
 * doors, and with the keys that were found.
 */

/** Of a write record, what the audit needs. */
export interface AuditedWrite {
  readonly key: string;
  readonly acknowledged: boolean;
}

export interface Audit {
  readonly acknowledged: number;
  /** Keys that were acknowledged, and have no row: lost. */
  readonly missing: readonly string[];
  /** Keys that failed for their writer, and have a row all the same. A writer that tries again writes twice. */
  readonly unconfirmed: readonly string[];
  /** Keys with more than one row. */
  readonly duplicates: readonly string[];
  /** Keys that have a row, and were never sent. */
  readonly extra: readonly string[];
}

/** @param found key → number of its rows */
export function auditWrites(writes: readonly AuditedWrite[], found: ReadonlyMap<string, number>): Audit {
  const sent = new Set(writes.map(({ key }) => key));
  if (sent.size !== writes.length) throw new Error('two writes have one key: they cannot be told apart');
  const acknowledged = writes.filter((write) => write.acknowledged);
  return {
    acknowledged: acknowledged.length,
    missing: keysOf(acknowledged).filter((key) => !found.has(key)),
    unconfirmed: keysOf(writes.filter((write) => !write.acknowledged)).filter((key) => found.has(key)),
    duplicates: [...found].filter(([, rows]) => rows > 1).map(([key]) => key),
    extra: [...found.keys()].filter((key) => !sent.has(key)),
  };
}

const keysOf = (writes: readonly AuditedWrite[]): string[] => writes.map(({ key }) => key);

/** Word → how often, the most frequent first. Empty ones do not count. */
export function countBy(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
