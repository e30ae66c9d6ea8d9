/**
 * What a command needs that changes or asks what runs: the control plane's address, and where flags are kept. A file that
 * is not valid, or whose other variables this shell lacks, does not stop it: the way back is open at every moment.
 */
import { type FicusConfig, FicusError } from '@ficus/core';
import { readRunningPlaces } from '@ficus/proxy';
import { ConfigInvalid } from './config-invalid.ts';
import { loadConfig, requireSlice } from './load-config.ts';
import { placeAsRunning } from './place-as-running.ts';
import type { ReachableConfig } from './reachable-config.ts';
import { findRecord, type RunningRecord } from './running-record.ts';

/**
 * @param slice must be one of a valid config; of another one, the control plane knows
 * @param warn gets a line when the file is not valid, and one when it names no control plane and one runs
 * @throws FicusError FICUS_CONFIG_UNREADABLE, FICUS_SLICE_UNKNOWN · ConfigInvalid when nothing can be reached
 */
export async function loadReachable(
  file: string,
  slice: string | undefined,
  warn: (text: string) => void,
): Promise<ReachableConfig> {
  const running = await findRecord(file);
  const config = await loadConfig(file).catch((error: unknown) => refusalOf(error, running));
  if (!(config instanceof Error)) {
    const placed = placeAsRunning(reachableOf(config), running, file);
    if (slice !== undefined && placed.valid) requireSlice(config, slice);
    warnOfUnnamed(placed, config, file, warn);
    return placed;
  }
  const places = await readPlaces(file);
  const placed = placeAsRunning({ ...places, valid: undefined }, running, file);
  if (!namesWay(placed)) throw config;
  warn(describeInvalid(file, config));
  warnOfUnnamed(placed, places, file, warn);
  return placed;
}

const namesWay = ({ control, flags, outOfReach }: ReachableConfig): boolean =>
  Boolean(control || outOfReach || (flags && flags.provider !== 'builtin'));

/** Where the control plane refuses it, this says why. */
function warnOfUnnamed(
  { control }: ReachableConfig,
  named: { readonly control?: object | undefined },
  file: string,
  warn: (text: string) => void,
): void {
  if (control !== undefined && named.control === undefined)
    warn(
      `The control plane that runs, at ${control.url}, is asked without a token: ${file} names none that can be read.`,
    );
}

/** A file that cannot be read is an obstacle only while no proxy is known to run. */
function refusalOf(error: unknown, running: RunningRecord | undefined): ConfigInvalid | FicusError {
  if (error instanceof ConfigInvalid) return error;
  if (error instanceof FicusError && error.code === 'FICUS_CONFIG_UNREADABLE' && running) return error;
  throw error;
}

/** Of a file that is not there: none. */
async function readPlaces(file: string): Promise<Omit<ReachableConfig, 'valid'>> {
  const nothing = { control: undefined, hasDatabase: true, flags: undefined, guards: new Map() };
  return readRunningPlaces(file, process.env).catch(() => nothing);
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
function describeInvalid(file: string, refusal: ConfigInvalid | FicusError): string {
  if (!(refusal instanceof ConfigInvalid)) return `${refusal.message} What runs is asked all the same.`;
  const { problems } = refusal;
  const own = problems.find((problem) => /^(control|flags)\b/.test(problem));
  const more = problems.length > 1 ? `, and ${problems.length - 1} more (\`ficus check\`)` : '';
  return `${file} is not valid: ${own ?? problems[0]}${more}. What runs is asked all the same.`;
}
