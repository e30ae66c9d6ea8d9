/** Something that a look at the databases brought up; `ficus check --live` prints these. */
import type { ErrorCode } from '@ficus/core';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Config path it is about: `slices.notifications.tables[0]`. */
  readonly path: string;
  readonly code: ErrorCode;
  /** One clear sentence. */
  readonly message: string;
  /** SQL that mends it, where SQL can. */
  readonly remedySql?: string | undefined;
}

/** Of the lesser, the greater: an error stops, a warning is said. */
export function isError(finding: Finding): boolean {
  return finding.severity === 'error';
}
