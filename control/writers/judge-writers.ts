/**
 * Compares what the fences have recorded with what the config declares. On the owner's side a writer is explained by an entry
 * that matches it, one of `via: proxy` only as far as it wrote while a proxied write was under way; on the other side nothing
 * explains a writer, for only the stream may write there. Uncertain is unexplained.
 */
import type { Side, WriterConfig } from '@ficus/core';
import { matchWriter } from './match-writer.ts';
import type { WriterEntry } from './writer-inventory.ts';

export type WriterVerdict =
  /** Of a declared pool; each of its writes lay within a proxied write. */
  | 'proxied'
  /** Declared with `via: other`. */
  | 'declared'
  /** Matches no entry. */
  | 'undeclared'
  /** Of a declared pool; it wrote while no proxied write was under way. */
  | 'outside'
  /** Of a declared pool; of some of its writes it is not known whether a proxied write was under way. */
  | 'unjudged'
  /** On the side that does not own the slice. */
  | 'unexpected';

export interface JudgedWriter {
  readonly entry: WriterEntry;
  readonly verdict: WriterVerdict;
  /** Index in `slices.NAME.writers`. */
  readonly declaredBy: number | undefined;
}

export const isExplained = (verdict: WriterVerdict): boolean =>
  verdict === 'proxied' || verdict === 'declared';

export interface JudgeOptions {
  readonly entries: readonly WriterEntry[];
  readonly declared: readonly WriterConfig[];
  readonly owner: Side;
  /** How far back each write of a declared pool must have been placed; ms since the epoch. */
  readonly evidenceSince: number;
}

/** Unexplained ones first, then by name. */
export function judgeWriters(options: JudgeOptions): JudgedWriter[] {
  return options.entries
    .map((entry) => judge(entry, options))
    .sort((a, b) => rankOf(a) - rankOf(b) || nameOf(a).localeCompare(nameOf(b)));
}

function judge(entry: WriterEntry, { declared, owner, evidenceSince }: JudgeOptions): JudgedWriter {
  if (entry.side !== owner) return { entry, verdict: 'unexpected', declaredBy: undefined };
  const declaredBy = matchWriter(entry, declared);
  if (declaredBy === undefined) return { entry, verdict: 'undeclared', declaredBy };
  return { entry, verdict: verdictOf(entry, declared[declaredBy]!, evidenceSince), declaredBy };
}

function verdictOf(entry: WriterEntry, { via }: WriterConfig, evidenceSince: number): WriterVerdict {
  if (via === 'other') return 'declared';
  if (entry.notes.outside > 0) return 'outside';
  const isUnjudged = entry.lastUnknownAt !== null && entry.lastUnknownAt >= evidenceSince;
  return isUnjudged ? 'unjudged' : 'proxied';
}

const rankOf = ({ verdict }: JudgedWriter): number => (isExplained(verdict) ? 1 : 0);
const nameOf = ({ entry }: JudgedWriter): string =>
  [entry.side, entry.user, entry.application, entry.address ?? ''].join('\0');
