/** The flag store that a config names with `flags.provider`. */
import { FicusError, type FlagsConfig } from '@ficus/core';
import { FileFlagStore } from './file-flag-store.ts';
import type { AuditForeignChange } from './foreign-audit.ts';
import { UnleashFlagStore } from './unleash-flag-store.ts';

/** Flags that are kept outside the control database. @throws FicusError FICUS_CONFIG_INVALID for provider builtin */
export function openForeignFlags(
  { provider, file, unleash }: FlagsConfig,
  audit: AuditForeignChange,
): FileFlagStore | UnleashFlagStore {
  if (provider === 'file' && file !== undefined) return new FileFlagStore(file, audit);
  if (provider === 'unleash' && unleash !== undefined) return new UnleashFlagStore(unleash, audit);
  throw new FicusError('FICUS_CONFIG_INVALID', 'control.database: is required by built-in flags');
}
