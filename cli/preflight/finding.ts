/** Something that a live look at the surroundings brought up. */
import type { ErrorCode } from '@ficus/core';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Config path that it is about, for instance `slices.notifications.tables[0]`. */
  readonly path: string;
  readonly code: ErrorCode;
  /** One clear sentence. */
  readonly message: string;
  /** SQL that fixes it, where SQL can. */
  readonly remedySql?: string | undefined;
}
