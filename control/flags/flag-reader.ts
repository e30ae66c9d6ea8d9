/** What the flags of a slice ask for, wherever they are kept. */
import { type ClientFeatures, type FlagKind, flagName, flagPercent } from '@ficus/core';
import type { FlagService } from './flag-service.ts';

export interface FlagFact {
  /** `null` when nobody knows: not heard of yet, or on by cohorts that have no percentage. */
  readonly percent: number | null;
  /** Whether it is on for anybody. */
  readonly on: boolean;
  /** ISO time; `null` when not known. */
  readonly changedAt: string | null;
}

export interface FlagReader {
  read(slice: string, kind: FlagKind): FlagFact;
}

/** The built-in flags. */
export function readBuiltin(flags: FlagService): FlagReader {
  return {
    read: (slice, kind) => {
      const { percent, changedAt } = flags.state(slice, kind);
      return { percent, on: percent > 0, changedAt };
    },
  };
}

/** Flags as they were last heard from elsewhere; `undefined` before the first time. */
export function readFeatures(heard: () => ClientFeatures | undefined): FlagReader {
  return {
    read: (slice, kind) => {
      const set = heard();
      const name = flagName(slice, kind);
      if (!set) return { percent: null, on: false, changedAt: null };
      const percent = flagPercent(set.features.find((feature) => feature.name === name));
      return { percent: percent ?? null, on: percent !== 0, changedAt: null };
    },
  };
}
