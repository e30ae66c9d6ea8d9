/**
 * Where the processes of a config are reached, and where its flags are kept, also while the file as a whole is not valid:
 * they continue with the last valid one, and the way back to it must stay open. Takes what it can read, and checks no
 * more than what it takes.
 */
import { resolve } from 'node:path';
import {
  type ConfigProblem,
  type ControlConfig,
  type FlagsConfig,
  flagsSchema,
  interpolate,
  listenAddress,
  namesNoDatabase,
  readReachableControl,
} from '@ficus/core';
import { parseDocument } from 'yaml';
import { readGivenFile } from '../files/read-small-file.ts';
import { LONGEST_CONFIG_MIB } from './read-config-file.ts';
import { readYaml } from './read-yaml.ts';
import { resolveControl, resolveFlags } from './resolve-paths.ts';

export interface RunningPlaces {
  readonly control: ControlConfig | undefined;
  /** Whether a control plane makes every change: the file names its database, or cannot be read far enough to say that it names none. */
  readonly hasDatabase: boolean;
  /** HOST:PORT */
  readonly admin: string | undefined;
  /** Undefined when it cannot be read whole: half a place is none to write to. */
  readonly flags: FlagsConfig | undefined;
  /** The slices that the file names, and the guards of each. */
  readonly guards: ReadonlyMap<string, readonly string[]>;
}

/**
 * @param environment where `${NAME}` is looked up
 * @throws Error when the file cannot be read
 */
export async function readRunningPlaces(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RunningPlaces> {
  const text = await readGivenFile(path, LONGEST_CONFIG_MIB);
  const unset: ConfigProblem[] = [];
  const config = asMap(interpolate(readWhatIsThere(text), environment, unset));
  const isFilled = (...place: readonly (string | number)[]) =>
    !unset.some((problem) => place.every((step, at) => problem.path[at] === step));
  const control = isMap(config.control)
    ? readReachableControl(config.control, (...place) => isFilled('control', ...place))
    : undefined;
  const flags = isFilled('flags') ? flagsSchema.safeParse(config.flags ?? {}).data : undefined;
  return {
    control: control && resolveControl(control, resolve(path)),
    // An error of YAML may hide what stands behind it.
    hasDatabase: !readYaml(text).ok || !namesNoDatabase(config),
    admin: isFilled('proxy', 'admin') ? listenAddress.safeParse(asMap(config.proxy).admin).data : undefined,
    flags: flags && resolveFlags(flags, resolve(path)),
    guards: new Map(
      Object.entries(asMap(config.slices)).map(([name, slice]) => [name, guardNames(asMap(slice).guards)]),
    ),
  };
}

/** YAML with errors, too: its parser continues behind them. */
function readWhatIsThere(text: string): unknown {
  try {
    return parseDocument(text, { logLevel: 'silent' }).toJS();
  } catch {
    return undefined;
  }
}

/** What is no map may have been meant as guards. */
function guardNames(given: unknown): string[] {
  if (isMap(given)) return Object.keys(given);
  return given === undefined || given === null ? [] : ['cannot be read'];
}

type Given = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Given =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const asMap = (value: unknown): Given => (isMap(value) ? value : {});
