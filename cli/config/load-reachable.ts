/**
 * What a command needs that changes or asks what runs: the control plane's address, and where flags are kept. A file that
 * is not valid, or whose other variables this shell lacks, does not stop it: the way back is open at every moment.
 */
import { type ControlConfig, type FicusConfig, FicusError, type FlagsConfig } from '@ficus/core';
import { readRunningPlaces } from '@ficus/proxy';
import { ConfigInvalid } from './config-invalid.ts';
import { loadConfig, requireSlice } from './load-config.ts';

export interface ReachableConfig {
  readonly control: ControlConfig | undefined;
  /** Whether a control plane with a database makes every change of flags, or may: then its address may be missing here. */
  readonly hasDatabase: boolean;
  /** Where flags are kept; undefined when the file does not say so readably. */
  readonly flags: FlagsConfig | undefined;
  /** The slices that the file names, and the guards of each. */
  readonly guards: ReadonlyMap<string, readonly string[]>;
  /** Undefined while the file is not valid. */
  readonly valid: FicusConfig | undefined;
}

/**
 * @param slice must be one of a valid config; of another one, the control plane knows
 * @param warn gets one line when the file is not valid
 * @throws FicusError FICUS_CONFIG_UNREADABLE, FICUS_SLICE_UNKNOWN · ConfigInvalid when the file has nothing that can be reached
 */
export async function loadReachable(
  file: string,
  slice: string | undefined,
  warn: (text: string) => void,
): Promise<ReachableConfig> {
  try {
    const config = await loadConfig(file);
    if (slice !== undefined) requireSlice(config, slice);
    return reachableOf(config);
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    const places = await readRunningPlaces(file, process.env);
    if (!places.control && (!places.flags || places.flags.provider === 'builtin')) throw error;
    warn(describeInvalid(file, error));
    return { ...places, valid: undefined };
  }
}

/** The same of a config that is valid. */
export function reachableOf(config: FicusConfig): ReachableConfig {
  const { control, flags, slices } = config;
  const guards = Object.entries(slices).map(([name, slice]) => [name, Object.keys(slice.guards)] as const);
  return {
    control,
    hasDatabase: control?.database !== undefined,
    flags,
    guards: new Map(guards),
    valid: config,
  };
}

/**
 * For a change without a control plane, which would know the slice.
 * @throws FicusError FICUS_SLICE_UNKNOWN
 */
export function requireNamed({ guards }: ReachableConfig, slice: string): readonly string[] {
  const found = guards.get(slice);
  if (found !== undefined) return found;
  const names = [...guards.keys()].join(', ') || 'none';
  throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${slice}”. The config has: ${names}.`);
}

/** First what the command itself would need. */
function describeInvalid(file: string, { problems }: ConfigInvalid): string {
  const own = problems.find((problem) => /^(control|flags)\b/.test(problem));
  const more = problems.length > 1 ? `, and ${problems.length - 1} more (\`ficus check\`)` : '';
  return `${file} is not valid: ${own ?? problems[0]}${more}. What runs is asked all the same.`;
}
