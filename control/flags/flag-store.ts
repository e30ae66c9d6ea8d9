/**
 * Where the flags of slices are kept: the control database (built in), a file, or an Unleash server. Every flip goes
 * through here, with the guards as its judge (api/flag-endpoints.ts); no store changes a flag without its audit entry.
 */
import { type ClientFeature, type FlagKind, flagPercent } from '@ficus/core';

export interface FlagFact {
  /** `null` while unknown: not read yet, or on for cohorts that have no percentage. */
  readonly percent: number | null;
  /** Whether it is on for any user. */
  readonly on: boolean;
  /** ISO time; `null` when unknown. */
  readonly changedAt: string | null;
}

export interface FlagChange {
  readonly slice: string;
  readonly kind: FlagKind;
  readonly percent: number;
  readonly actor: string;
  readonly reason: string;
}

/**
 * Decides on a change, given the percentage that it replaces; `null` when there is none. Returns what the audit records
 * besides the reason, and throws to refuse.
 */
export type JudgeChange = (before: number | null) => string;

export const allowChange: JudgeChange = () => '';

export interface FlagStore {
  /** The last reading. */
  read(slice: string, kind: FlagKind): FlagFact;
  /**
   * Commits a percentage and its audit entry; returns the previous percentage, `null` when there was none. Calls the
   * judge within the store's turn: no other change comes between the judge's decision and this change.
   */
  set(change: FlagChange, judge?: JudgeChange): Promise<number | null>;
  /** Called after each change, wherever it was made. Returns a function that unsubscribes. */
  subscribe(listener: (slice: string, kind: FlagKind) => void): () => void;
  stop(): void;
}

export const UNKNOWN_FLAG: FlagFact = { percent: null, on: false, changedAt: null };

/** The change as approved by its judge. */
export function judged(change: FlagChange, before: number | null, judge: JudgeChange): FlagChange {
  return { ...change, reason: `${change.reason} ${judge(before)}`.trim() };
}

/** The share that a flag in Unleash's format sets. */
export function factOf(feature: ClientFeature | undefined): FlagFact {
  const percent = flagPercent(feature) ?? null;
  return { percent, on: percent !== 0, changedAt: null };
}
