/** Where flags come from: one interface for file, built-in store and Unleash server. Held by the primary. */
import type { ClientFeatures } from '@ficus/core';

export interface FlagsSourceHooks {
  /** A whole valid set, each time it changed. */
  readonly onFlags: (set: ClientFeatures) => void;
  /** One sentence for the log; the last flags stay in place. */
  readonly onProblem: (message: string) => void;
  /** A file cannot be used as it is, and why; undefined: it can. */
  readonly onRefused?: ((why: string | undefined) => void) | undefined;
}

export interface FlagsSource {
  /** Resolves after the first attempt, whether or not it succeeded. */
  readonly first: Promise<void>;
  /** Why the flags in use may be old; undefined while the source answers. */
  readonly problem: string | undefined;
  /** Reads again now, where the source can. */
  reload(): Promise<void>;
  stop(): void;
}
