/** What a fence is made of: the same for the one that Ficus installs and the one that an administrator does. */
import type { Side } from '@ficus/core';

export interface FenceDefinition {
  readonly slice: string;
  readonly side: Side;
  /** `schema.table`, as configured. */
  readonly tables: readonly string[];
  readonly applierRole: string;
  readonly elsewhere?: string | undefined;
}
