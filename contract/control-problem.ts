import type { NamedGuardAnswer, Problem } from '@ficus/core';

/** How the API refuses: problem details (RFC 9457) with the catalogue's remedy. */
export interface ControlProblem extends Problem {
  readonly remedy: string;
  /** Each problem with its path, of a request that is not valid. */
  readonly errors?: unknown;
  /** Each guard's answer, when a guard refused the step. */
  readonly guards?: readonly NamedGuardAnswer[];
}
