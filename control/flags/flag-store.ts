/**
 * Where the flags of slices are kept: the control database (built in), a file, or an Unleash server. Every flip goes
 * through here, after the guards (api/flag-endpoints.ts); no store changes a flag without its audit entry.
 */
import { type ClientFeature, type FlagKind, flagPercent } from '@ficus/core';

export interface FlagFact {
  /** `null` when it is not known: not read yet, or on by cohorts that have no percentage. */
  readonly percent: number | null;
  /** Whether it is on for any user. */
  readonly on: boolean;
  /** ISO time; `null` when not known. */
  readonly changedAt: string | null;
}

export interface FlagChange {
  readonly slice: string;
  readonly kind: FlagKind;
  readonly percent: number;
  readonly actor: string;
  readonly reason: string;
}

export interface FlagStore {
  /** As it was read last. */
  read(slice: string, kind: FlagKind): FlagFact;
  /** Commits a percentage and its audit entry; answers the percentage before, `null` when it had none. */
  set(change: FlagChange): Promise<number | null>;
  /** Called after each change, wherever it was made. Returns the way out. */
  subscribe(listener: (slice: string, kind: FlagKind) => void): () => void;
  stop(): void;
}

export const UNKNOWN_FLAG: FlagFact = { percent: null, on: false, changedAt: null };

/** What a flag in Unleash's format asks for. */
export function factOf(feature: ClientFeature | undefined): FlagFact {
  const percent = flagPercent(feature) ?? null;
  return { percent, on: percent !== 0, changedAt: null };
}
