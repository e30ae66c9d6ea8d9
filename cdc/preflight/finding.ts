/** Something that a live check of databases, addresses or upstreams found; `ficus check --live` prints these. */
import type { ErrorCode } from '@ficus/core';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Config path it is about: `slices.notifications.tables[0]`. */
  readonly path: string;
  readonly code: ErrorCode;
  /** One clear sentence. */
  readonly message: string;
  /** SQL that fixes it, where SQL can. */
  readonly remedySql?: string | undefined;
}
