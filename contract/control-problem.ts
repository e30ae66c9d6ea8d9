import type { NamedGuardAnswer, Problem } from '@ficus/core';

/** How the API refuses: problem details (RFC 9457) with the catalogue's remedy. */
export interface ControlProblem extends Problem {
  readonly remedy: string;
  /** The problems of an invalid request, each with its path. */
  readonly errors?: unknown;
  /** Each guard's answer, when a guard refused the step. */
  readonly guards?: readonly NamedGuardAnswer[];
  /** For proxies: slices of an acknowledgement whose leases are renewed all the same. */
  readonly renewed?: readonly string[];
}
