/** A mistake in a mapping, or a conflict between the mapping and the databases. */
import type { ConfigProblem, ErrorCode } from '@ficus/core';

export interface MappingProblem extends ConfigProblem {
  readonly code: ErrorCode;
  /** SQL that fixes it, where SQL can. */
  readonly remedySql?: string | undefined;
}
