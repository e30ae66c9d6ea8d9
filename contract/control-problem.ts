import type { NamedGuardAnswer, Problem } from '@ficus/core';

/** How the API refuses: problem details (RFC 9457) with what the catalogue knows besides. */
export interface ControlProblem extends Problem {
  readonly remedy: string;
  /** Each problem with its path, of a request that is not valid. */
  readonly errors?: unknown;
  /** What each guard said, of a step that a guard refused. */
  readonly guards?: readonly NamedGuardAnswer[];
}
