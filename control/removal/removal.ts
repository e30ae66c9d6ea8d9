/** What `ficus remove` and `ficus uninstall` would do: one part for each database and slice. */
import type { DatabasePart, Remnant, RemovalStep } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { describeDatabase } from '../store/describe-database.ts';

export type Place = 'legacy' | 'candidate' | 'control';

export interface RemovalPart {
  readonly place: Place;
  /** Undefined: of all slices. */
  readonly slice: string | undefined;
  /** `host:port/name` */
  readonly database: string;
  readonly url: string;
  /** Why the database cannot be asked. */
  readonly problem: string | undefined;
  readonly steps: readonly RemovalStep[];
  readonly remnants: readonly Remnant[];
  readonly inUse?: string | undefined;
}

export interface Removal {
  /** Why nothing may be removed yet, in a sentence. */
  readonly inUse: string | undefined;
  /** Undefined: everything is to be removed. */
  readonly slice: string | undefined;
  readonly parts: readonly RemovalPart[];
  /** Files on this machine, removed last, one after the other. */
  readonly files: readonly RemovalFile[];
  readonly remnants: readonly Remnant[];
}

/** A file of this machine that a process of the installation has left. */
export interface RemovalFile {
  readonly path: string;
  /** What it holds, for messages. */
  readonly what: string;
  /** @throws Error when it cannot be, or must not be any more */
  readonly remove: () => Promise<void>;
}

/** Files to remove, and what stays. */
export interface LeftFiles {
  readonly files: readonly RemovalFile[];
  readonly remnants: readonly Remnant[];
}

export const NO_FILES: LeftFiles = { files: [], remnants: [] };

export interface RemovalWish {
  readonly config: FicusConfig;
  /** Undefined: everything. */
  readonly slice: string | undefined;
  /** Only this slot of it. */
  readonly slot: string | undefined;
  /** URL of the candidate's database, in place of the recorded one, which has no password. */
  readonly candidateDatabase: string | undefined;
  readonly actor: string;
  readonly reason: string;
  /** Beside the config, with everything. */
  readonly left?: LeftFiles | undefined;
}

export function partOf(
  place: Place,
  slice: string,
  url: string | undefined,
  part: DatabasePart | undefined,
): RemovalPart[] {
  if (!url || !part) return [];
  const at = { place, slice, url, database: describeDatabase(url) };
  if (part.kind === 'unreachable') return [{ ...at, problem: part.problem, steps: [], remnants: [] }];
  const { inUse, steps, remnants } = part.plan;
  return [{ ...at, problem: undefined, steps, remnants, inUse }];
}

export function controlPart(
  url: string,
  slice: string | undefined,
  steps: readonly RemovalStep[],
): RemovalPart {
  return {
    place: 'control',
    slice,
    url,
    database: describeDatabase(url),
    problem: undefined,
    steps,
    remnants: [],
  };
}
