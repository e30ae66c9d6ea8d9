/** The source of flags that the config names. */
import type { FlagsConfig } from '@ficus/core';
import { openFlagsFile } from './flags-file.ts';
import { openFlagsServer } from './flags-server.ts';
import type { FlagsSource, FlagsSourceHooks } from './flags-source.ts';
import { type BuiltinAccess, openFlagsStream } from './flags-stream.ts';

interface BuiltinFlags extends BuiltinAccess {
  readonly url: string;
}

/** @returns undefined for built-in flags without a control plane: then every flag is off */
export function openFlags(
  config: FlagsConfig,
  control: BuiltinFlags | undefined,
  hooks: FlagsSourceHooks,
): FlagsSource | undefined {
  if (config.provider === 'file') return openFlagsFile(config.file!, hooks);
  if (config.provider === 'unleash') return openFlagsServer(config.unleash!, hooks);
  if (!control) return undefined;
  return openFlagsStream(`${control.url.replace(/\/$/, '')}/unleash/api`, control, hooks);
}
