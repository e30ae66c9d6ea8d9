/** The result of a live check of databases, addresses or upstreams; `ficus check --live` prints it. */
import type { ErrorCode } from '@ficus/core';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Config path that it concerns: `slices.notifications.tables[0]`. */
  readonly path: string;
  readonly code: ErrorCode;
  /** One clear sentence. */
  readonly message: string;
  /** SQL that fixes it, where SQL can. */
  readonly remedySql?: string | undefined;
}
