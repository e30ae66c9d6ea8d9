/** Reads and validates the config of a command, or stops the command with every error. */
import { type FicusConfig, FicusError, formatProblem, type SliceConfig } from '@ficus/core';
import { readConfigFile } from '@ficus/proxy';
import { ConfigInvalid } from './config-invalid.ts';

/** @throws ConfigInvalid with every problem; FicusError FICUS_CONFIG_UNREADABLE */
export async function loadConfig(
  file: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<FicusConfig> {
  const parsed = await readConfigFile(file, environment);
  if (!parsed.ok) throw new ConfigInvalid(file, parsed.problems.map(formatProblem));
  return parsed.config;
}

/** @throws FicusError FICUS_SLICE_UNKNOWN, naming the slices of the config */
export function requireSlice(config: FicusConfig, name: string): SliceConfig {
  // Not every name that an object has a property for is a slice: `constructor` is none.
  const slice = Object.hasOwn(config.slices, name) ? config.slices[name] : undefined;
  if (slice) return slice;
  const names = Object.keys(config.slices).join(', ') || 'none';
  throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${name}”. The config has: ${names}.`);
}
